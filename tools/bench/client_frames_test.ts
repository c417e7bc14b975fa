/** What the load generator says is what our client says. */

import assert from "node:assert/strict";
import { connect } from "../../client.ts";
import {
  addText,
  FEATURES,
  GOODBYE,
  loginProblem,
  loginText,
  messageText,
  TOKEN,
  VERSION,
} from "./load/hoist_frames.ts";

/** The frames that our client sends to a server that answers nothing but the login. */
async function recordClient(): Promise<string[]> {
  const frames: string[] = [];
  const closed = Promise.withResolvers<void>();
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => {
      if (request.headers.get("upgrade") !== "websocket") {
        return Response.json({ version: VERSION });
      }
      const { socket, response } = Deno.upgradeWebSocket(request);
      socket.onmessage = ({ data }) => {
        frames.push(data);
        if (frames.length === 1) socket.send(WELCOME);
        if (JSON.parse(data).end === true) socket.close(1000);
      };
      socket.onclose = () => closed.resolve();
      return response;
    },
  );
  await talk(server.addr.port);
  await closed.promise;
  return frames;
}

async function talk(port: number): Promise<void> {
  const url = `http://127.0.0.1:${port}`;
  const connection = await connect(TOKEN, { url });
  const ignore = () => {};
  connection.operation("add", { a: 1, b: 2 }).catch(ignore);
  // In another tick: what is said in one may be packed.
  await new Promise((resolve) => setTimeout(resolve));
  connection.message("hello", { n: 1 }).catch(ignore);
  await new Promise((resolve) => setTimeout(resolve));
  await connection.close();
}

function success(data: unknown): string {
  const rest = { error: null, code: 0, message: null, desc: null, id: 0 };
  return JSON.stringify({ success: true, data, ...rest });
}

const WELCOME = success(null);

Deno.test("the generator says what our client says", async () => {
  const [login = "", call = "", message = "", goodbye] = await recordClient();
  const { version } = JSON.parse(login);
  assert.equal(login.replace(version, VERSION), loginText(FEATURES));
  assert.equal(call, addText(JSON.parse(call).id));
  assert.equal(message, messageText(JSON.parse(message).id));
  assert.equal(goodbye, GOODBYE);
});

Deno.test("a login without features is one of Hoist 1", () => {
  assert.deepEqual(JSON.parse(loginText([])), {
    id: 0,
    token: TOKEN,
    version: VERSION,
  });
});

Deno.test("a server has to accept the features that are asked for", () => {
  assert.equal(loginProblem(WELCOME, []), undefined);
  assert.equal(
    loginProblem(success({ features: FEATURES }), FEATURES),
    undefined,
  );
  assert.match(
    loginProblem(success({ features: ["batch"] }), FEATURES) ?? "",
    /does not speak done-id/,
  );
  assert.match(loginProblem(WELCOME, FEATURES) ?? "", /batch and done-id/);
  const refusal = '{"success":false,"error":"LOGIN_FAILED"}';
  assert.match(loginProblem(refusal, []) ?? "", /refused: LOGIN_FAILED/);
});
