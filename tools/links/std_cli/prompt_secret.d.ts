/** The options of `promptSecret` in `@std/cli` that this project uses */
export interface PromptSecretOptions {
  /** The character that the terminal shows for each typed one */
  mask?: string;
  /** Whether to remove the line afterwards */
  clear?: boolean;
}

/** Asks on the terminal without showing the answer; `null` without a terminal */
export function promptSecret(
  message?: string,
  options?: PromptSecretOptions,
): string | null;
