export * from "../../../types.ts";
