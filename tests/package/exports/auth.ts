export * from "../../../auth.ts";
