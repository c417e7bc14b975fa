export * from "../../../admin/mod.ts";
