export * from "../../../broker/redis.ts";
