/** The client of Python Hoist with errors and the end of a connection. */

import assert from "node:assert/strict";
import { ApplicationError, CloseCode } from "../../common/errors.ts";
import type { JsonObject } from "../../common/json.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { serveQuietly } from "../support/server.ts";
import {
  raised,
  serveAdd,
  testWithPython,
  withConnectedClient,
  withPythonClient,
} from "./drivers.ts";

/** The error of a Python client without the details of the exception. */
const INTERNAL_ERROR = raised(
  "InternalServerError: exception occured on server: InternalError - the server could not carry out the request",
);

testWithPython(
  "A Python client gets an error without details if a listener fails, and continues",
  async () => {
    await using server = serveAdd();
    server.receive("hello", () => {
      throw new RangeError("secret");
    });
    await withConnectedClient(server, async (python) => {
      await assert.rejects(
        python.message("hello"),
        INTERNAL_ERROR,
      );
      assert.equal(await python.operation("add", { a: 1, b: 2 }), 3);
    });
  },
);

testWithPython(
  "A Python client learns that the server could not check its token",
  async () => {
    const login = () => {
      throw new RangeError("secret");
    };
    await using server = serveQuietly({ login });
    await withPythonClient(async (python) => {
      await assert.rejects(
        python.connect(server, { token: "any" }),
        raised(
          "InternalServerError: exception occured on server: InternalError - the server could not check the token. Try again later.",
        ),
      );
      assert.equal(server.clients.size, 0);
    });
  },
);

testWithPython(
  "A Python client continues after an operation fails",
  async () => {
    await using server = serveAdd();
    server.operation("fail", () => {
      throw new RangeError("secret");
    });
    await withConnectedClient(server, async (python) => {
      await assert.rejects(
        python.operation("fail"),
        INTERNAL_ERROR,
      );
      assert.equal(await python.operation("add", { a: 1, b: 2 }), 3);
    });
  },
);

testWithPython(
  "A Python client gets the details of an error with exposeErrors",
  async () => {
    await using server = serveQuietly({ exposeErrors: true });
    server.operation("fail", () => {
      throw new RangeError("too far");
    });
    await withConnectedClient(server, async (python) => {
      await assert.rejects(
        python.operation("fail"),
        raised(
          "InternalServerError: exception occured on server: RangeError - too far",
        ),
      );
    });
  },
);

testWithPython(
  "A Python client gets the kind and the message of an error of the application",
  async () => {
    await using server = serveAdd();
    const refuse = () => {
      const details = { left: 0 };
      throw new ApplicationError("sold_out", { message: "no seats", details });
    };
    server.operation("buy", refuse);
    server.receive("buy", refuse);
    await withConnectedClient(server, async (python) => {
      const expected = raised(
        "InternalServerError: exception occured on server: sold_out - no seats",
      );
      await assert.rejects(python.operation("buy"), expected);
      await assert.rejects(python.message("buy"), expected);
      assert.equal(await python.operation("add", { a: 1, b: 2 }), 3);
    });
  },
);

testWithPython(
  "A Python client gets an error for invalid data and continues",
  async () => {
    await using server = serveAdd();
    await withConnectedClient(server, async (python) => {
      await assert.rejects(
        python.message("hello", ["not an object"]),
        raised("BadContentError: sent type list when server expected dict"),
      );
      assert.equal(await python.operation("add", { a: 1, b: 2 }), 3);
    });
  },
);

testWithPython(
  "A Python client gets an error if a request is not allowed, and continues",
  async () => {
    await using server = serveQuietly({
      authorize: (_client, { name }) => name === "add",
    });
    server.operation("add", ({ a, b }) => Number(a) + Number(b));
    await withConnectedClient(server, async (python) => {
      const forbidden = raised(
        "ServerResponseError: code 10 [FORBIDDEN]: Client is not allowed to do this.",
      );
      await assert.rejects(python.message("hello"), forbidden);
      await assert.rejects(python.operation("drop"), forbidden);
      assert.equal(await python.operation("add", { a: 1, b: 2 }), 3);
    });
  },
);

testWithPython(
  "A Python client that sends NaN gets the error INVALID_JSON",
  async () => {
    await using server = serveAdd();
    await withPythonClient(async (python) => {
      await python.connect(server, { watched: true });
      await assert.rejects(
        python.addNotANumber(),
        raised(
          "ServerResponseError: code 1 [INVALID_JSON]: Invalid JSON structure was received.",
        ),
      );
      assert.equal(await python.close(), CloseCode.UNSUPPORTED_DATA);
    });
  },
);

testWithPython(
  "A Python client that says goodbye is closed with 1000",
  async () => {
    await using server = serveQuietly();
    await withPythonClient(async (python) => {
      await python.connect(server, { watched: true });
      assert.equal(await python.close(), CloseCode.NORMAL);
      assert.equal(server.clients.size, 0);
    });
  },
);

testWithPython(
  "A Python client that disconnects right after its goodbye is logged as closed",
  async () => {
    const logger = new LogRecorder();
    await using server = serveQuietly({ logger });
    await withConnectedClient(server, async (python) => {
      await python.close();
      await logger.line(/disconnect: .* disconnected: closed by the client/);
    });
    assert.equal(server.clients.size, 0);
    assert.deepEqual(
      logger.lines.filter((line) => /lost|^error/.test(line)),
      [],
    );
  },
);

testWithPython(
  "A waiting Python client gets 1001 when the server closes",
  async () => {
    const server = serveQuietly({ closeTimeout: 0 });
    const called = Promise.withResolvers<void>();
    server.operation("wait", () => {
      called.resolve();
      return new Promise(() => {});
    });
    await withConnectedClient(server, async (python) => {
      const rejected = assert.rejects(
        python.operation("wait"),
        /PythonError: WSMessageTypeError: Received message 8:1001 is not /,
      );
      await called.promise;
      await Promise.all([rejected, server.close()]);
      // The server is closed, so the goodbye fails.
      await python.close().catch(() => {});
    });
  },
);

testWithPython(
  "A Python client that does not wait is rejected at its next request that our server has closed",
  async () => {
    const server = serveQuietly();
    await withConnectedClient(server, async (python) => {
      await server.close();
      // The error depends on how far the closing has progressed.
      await assert.rejects(
        python.operation("add"),
        /PythonError: (WSMessageTypeError|ClientConnectionResetError): /,
      );
      await python.close().catch(() => {});
    });
  },
);

testWithPython(
  "A Python client is rejected that it goes beyond a limit, and carries on",
  async () => {
    await using server = serveAdd();
    let data: JsonObject = { a: 1, b: 2 };
    for (let level = 0; level < 64; level++) data = { data };
    await withConnectedClient(server, async (python) => {
      await assert.rejects(
        python.operation("add", data),
        raised(
          "ServerResponseError: code 9 [LIMIT_EXCEEDED]: Limit of the server was exceeded.",
        ),
      );
      assert.equal(await python.operation("add", { a: 1, b: 2 }), 3);
    });
  },
);
