/**
 * What is used of the NATS client, so that one module names its package and version.
 *
 * @module
 */

export {
  credsAuthenticator,
  errors,
  NatsConnectionImpl,
  nkeyAuthenticator,
  nkeys,
  QueuedIteratorImpl,
  setTransportFactory,
  tokenAuthenticator,
  usernamePasswordAuthenticator,
} from "npm:@nats-io/nats-core@3.4.0/internal";
export type {
  Authenticator,
  ConnectionOptions,
  Msg,
  MsgImpl,
  Server,
  Status,
  Transport,
} from "npm:@nats-io/nats-core@3.4.0/internal";
