/** The frames of the load generator are the frames of our client. */

import assert from "node:assert/strict";
import { connect } from "../../client.ts";
import { makeDialect } from "./load/dialects.ts";
import * as frames from "./load/hoist_frames.ts";

/** Returns the frames that our client sends to a server that only answers the login. */
async function recordClient(): Promise<string[]> {
  const recorded: string[] = [];
  const closed = Promise.withResolvers<void>();
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => {
      if (request.headers.get("upgrade") !== "websocket") {
        return Response.json({ version: frames.VERSION });
      }
      const { socket, response } = Deno.upgradeWebSocket(request);
      socket.onmessage = ({ data }) => {
        recorded.push(data);
        if (recorded.length === 1) socket.send(ACCEPTED);
        if (JSON.parse(data).end === true) socket.close(1000);
      };
      socket.onclose = () => closed.resolve();
      return response;
    },
  );
  await sendFrames(server.addr.port);
  await closed.promise;
  return recorded;
}

async function sendFrames(port: number): Promise<void> {
  const url = `http://127.0.0.1:${port}`;
  const connection = await connect(frames.TOKEN, { url });
  const ignore = () => {};
  connection.operation("add", { a: 1, b: 2 }).catch(ignore);
  // The client can send the frames of one tick as an array, so each has its own tick.
  await new Promise((resolve) => setTimeout(resolve));
  connection.message("hello", { n: 1 }).catch(ignore);
  await new Promise((resolve) => setTimeout(resolve));
  await connection.close();
}

function success(data: unknown): string {
  const rest = { error: null, code: 0, message: null, desc: null, id: 0 };
  return JSON.stringify({ success: true, data, ...rest });
}

const ACCEPTED = success(null);

Deno.test("sends the same frames as our client", async () => {
  const [login = "", call = "", message = "", goodbye] = await recordClient();
  const { version } = JSON.parse(login);
  assert.equal(
    login.replace(version, frames.VERSION),
    frames.loginText(frames.FEATURES),
  );
  assert.equal(call, frames.addText(JSON.parse(call).id));
  assert.equal(message, frames.messageText(JSON.parse(message).id));
  assert.equal(goodbye, frames.GOODBYE);
});

Deno.test("sends the login of Hoist 1 without features", () => {
  assert.deepEqual(JSON.parse(frames.loginText([])), {
    id: 0,
    token: frames.TOKEN,
    version: frames.VERSION,
  });
});

Deno.test("requires that the server accepts all features", () => {
  assert.equal(frames.loginProblem(ACCEPTED, []), undefined);
  assert.equal(
    frames.loginProblem(
      success({ features: frames.FEATURES }),
      frames.FEATURES,
    ),
    undefined,
  );
  assert.match(
    frames.loginProblem(success({ features: ["batch"] }), frames.FEATURES) ??
      "",
    /does not support cancel/,
  );
  assert.match(
    frames.loginProblem(ACCEPTED, frames.FEATURES) ?? "",
    /batch and cancel/,
  );
  const rejection = '{"success":false,"error":"LOGIN_FAILED"}';
  assert.match(
    frames.loginProblem(rejection, []) ?? "",
    /rejected the login: LOGIN_FAILED/,
  );
});

Deno.test("lets the server of an older version lack all features but batches", () => {
  const choice = { name: "hoist", features: true, limit: 1_024 } as const;
  const problem = (features: readonly string[], isLenient: boolean) =>
    makeDialect({ ...choice, isLenient }).login[0]?.findProblem(
      success({ features }),
    );
  assert.equal(problem(["batch"], true), undefined);
  assert.match(problem([], true) ?? "", /does not support batch$/);
  assert.match(problem(["batch"], false) ?? "", /does not support cancel/);
});
