export * from "../../../token.ts";
