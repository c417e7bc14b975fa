export * from "../../../builtins/mod.ts";
