export * from "../../../client.ts";
