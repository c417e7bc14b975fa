export * from "../../../server.ts";
