export * from "../../../broker/nats.ts";
