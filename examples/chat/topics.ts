/** The rooms of this chat. The server lets nobody into other rooms. */
export const TOPICS = ["general", "music", "weekend"] as const;

/** The name of a room without `chat:` */
export type Topic = typeof TOPICS[number];
