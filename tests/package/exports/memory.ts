export * from "../../../broker/memory.ts";
