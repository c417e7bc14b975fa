/**
 * Reads the login of a client: docs/reference/protocol.md, "1. Login".
 *
 * @module
 */

import { isId, type Json, type JsonObject } from "../common/json.ts";
import { commonFeatures, HEARTBEAT_FORM, heartbeatOf } from "./features.ts";
import type { LoginRequest } from "./frame_types.ts";
import { type InvalidFrame, wrongType } from "./request_error.ts";
import { isMemberSecret, SECRET_LENGTH } from "./room_fields.ts";

/**
 * Reads the login of a client.
 *
 * @param object The frame
 */
export function readLogin(object: JsonObject): LoginRequest | InvalidFrame {
  const { id, token, version, features } = object;
  if (!isId(id)) return wrongType(null, '"id"', id, "int");
  if (typeof version !== "string") {
    return wrongType(id, '"version"', version, "str");
  }
  if (typeof token !== "string") return wrongType(id, '"token"', token, "str");
  if (features !== undefined && !Array.isArray(features)) {
    return wrongType(id, '"features"', features, "list");
  }
  // A stranger can name any number of extensions, so the rest is dropped here.
  const common = features && commonFeatures(features);
  const login = {
    kind: "login",
    id,
    token,
    version,
    features: common,
  } as const;
  const withRules = withHeartbeat(login, object.heartbeat);
  return withRules.kind === "invalid"
    ? withRules
    : withMember(withRules, object.member);
}

/** Adds when the client sends pings: docs/reference/protocol.md, `heartbeat`. */
function withHeartbeat(
  login: LoginRequest,
  heartbeat: Json | undefined,
): LoginRequest | InvalidFrame {
  if (heartbeat === undefined || !login.features?.has("heartbeat")) {
    return login;
  }
  const rules = heartbeatOf(heartbeat);
  if (rules !== undefined) return { ...login, heartbeat: rules };
  const fault = wrongType(login.id, "", heartbeat, "dict");
  return { ...fault, description: HEARTBEAT_FORM };
}

/** Adds the secret of the member that the client was: docs/reference/protocol.md, `rooms`. */
function withMember(
  login: LoginRequest,
  member: Json | undefined,
): LoginRequest | InvalidFrame {
  if (member === undefined || !login.features?.has("rooms")) return login;
  if (isMemberSecret(member)) return { ...login, member };
  const fault = wrongType(login.id, '"member"', member, "str");
  return typeof member === "string"
    ? { ...fault, description: MEMBER_FORM }
    : fault;
}

const MEMBER_FORM =
  `"member" must have ${SECRET_LENGTH} characters of base64url`;
