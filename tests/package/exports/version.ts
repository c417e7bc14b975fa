export * from "../../../version.ts";
