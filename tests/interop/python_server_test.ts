/** The client of this package with the server of Python Hoist. */

import assert from "node:assert/strict";
import {
  ConnectionClosedError,
  ErrorCode,
  FeatureError,
  LoginError,
  ResponseError,
  VersionError,
} from "../../common/errors.ts";
import { VERSION } from "../../version.ts";
import { testWithPython, withPythonServer } from "./drivers.ts";

testWithPython("connect() logs in to a Python server", async () => {
  await withPythonServer(async (python) => {
    await using connection = await python.connect();
    assert.equal(await connection.operation("add", { a: 1, b: 2 }), 3);
  });
});

testWithPython(
  "connect() rejects if a Python server refuses the token",
  async () => {
    await withPythonServer(async (python) => {
      await assert.rejects(python.connect({ token: "wrong" }), (error) => {
        assert(error instanceof LoginError);
        assert.match(
          error.message,
          /^Cannot log in to .* rejected the token\. /,
        );
        return true;
      });
    });
  },
);

testWithPython(
  "connect() rejects a Python server below minimumVersion",
  async () => {
    await withPythonServer(async (python) => {
      await assert.rejects(
        python.connect({ minimumVersion: "1.0.2" }),
        (error) => {
          assert(error instanceof VersionError);
          assert.match(
            error.message,
            /the server has version 1\.0\.1, but /,
          );
          assert.deepEqual([error.needed, error.current], ["1.0.2", "1.0.1"]);
          return true;
        },
      );
    });
  },
);

testWithPython(
  "connect() accepts a Python server of minimumVersion",
  async () => {
    await withPythonServer(async (python) => {
      await using connection = await python.connect({
        minimumVersion: "1.0.1",
      });
      assert.equal(await connection.operation("nothing"), null);
    });
  },
);

testWithPython(
  "connect() rejects if a Python server has a higher minimum_version",
  async () => {
    await withPythonServer(async (python) => {
      const error = await python.connect().catch((error) => error);
      assert(error instanceof VersionError);
      assert.match(
        error.message,
        /^Cannot log in to .* needs a client of version 99\.0\.0 /,
      );
      assert.deepEqual([error.needed, error.current], ["99.0.0", VERSION]);
    }, { minimum_version: "99.0.0" });
  },
);

testWithPython(
  "Connection.stream() rejects without sending a frame to a Python server",
  async () => {
    await withPythonServer(async (python) => {
      await using connection = await python.connect();
      await assert.rejects(connection.stream("add").next(), FeatureError);
      assert.equal(await connection.operation("add", { a: 1, b: 2 }), 3);
    });
  },
);

testWithPython(
  "Connection.operation() sends its arguments to a Python server",
  async () => {
    await withPythonServer(async (python) => {
      await using connection = await python.connect();
      assert.equal(await connection.operation("add", { a: 40, b: 2 }), 42);
    });
  },
);

testWithPython(
  "Connection.operation() resolves to null if a Python operation returns None",
  async () => {
    await withPythonServer(async (python) => {
      await using connection = await python.connect();
      assert.equal(await connection.operation("nothing"), null);
    });
  },
);

testWithPython("A Python server answers concurrent requests", async () => {
  await withPythonServer(async (python) => {
    await using connection = await python.connect();
    const numbers = Array.from({ length: 20 }, (_, n) => n);
    const sums = await Promise.all(
      numbers.map((n) => connection.operation("add", { a: n, b: 1 })),
    );
    assert.deepEqual(sums, numbers.map((n) => n + 1));
  });
});

testWithPython(
  "Connection.operation() rejects if a Python server has no such operation",
  async () => {
    await withPythonServer(async (python) => {
      await using connection = await python.connect();
      const error = await connection.operation("fly").catch((error) => error);
      assert(error instanceof ResponseError);
      assert.equal(error.code, ErrorCode.UNKNOWN_OPERATION);
      assert.match(
        error.message,
        /^Cannot finish operation "fly": .* UNKNOWN_OPERATION: Operation not found/,
      );
    });
  },
);

testWithPython(
  "A Python server closes with 1003 after an unknown operation",
  async () => {
    await withPythonServer(async (python) => {
      await using connection = await python.connect();
      await assert.rejects(connection.operation("fly"), ResponseError);
      assert.deepEqual(await connection.closed, { code: 1003, reason: "" });
    });
  },
);

testWithPython(
  "Requests after a failed one reject with the close code of a Python server",
  async () => {
    await withPythonServer(async (python) => {
      await using connection = await python.connect();
      const [first, second] = await Promise.allSettled([
        connection.operation("fly"),
        connection.operation("add", { a: 1, b: 2 }),
      ]);
      assert(first.status === "rejected" && second.status === "rejected");
      assert(first.reason instanceof ResponseError);
      assert(second.reason instanceof ConnectionClosedError);
      assert.match(
        second.reason.message,
        /^Cannot finish operation "add": the connection is closed \(1003\)$/,
      );
    });
  },
);

testWithPython(
  "Connection.operation() rejects with the exception of a Python operation",
  async () => {
    await withPythonServer(async (python) => {
      await using connection = await python.connect();
      const error = await connection.operation("fail").catch((error) => error);
      assert(error instanceof ResponseError);
      assert.match(
        error.message,
        /^Cannot finish operation "fail": .* SERVER_ERROR: ValueError: no luck/,
      );
      assert.deepEqual(error.data, { message: "no luck", exc: "ValueError" });
      assert.deepEqual(await connection.closed, { code: 1003, reason: "" });
    });
  },
);

testWithPython(
  "Connection.operation() rejects if an argument is missing for Python",
  async () => {
    await withPythonServer(async (python) => {
      await using connection = await python.connect();
      const error = await connection.operation("add", { a: 1 })
        .catch((error) => error);
      assert(error instanceof ResponseError);
      assert.equal(error.code, ErrorCode.INVALID_CONTENT);
      assert.deepEqual(error.data, { current: null, needed: "int" });
    });
  },
);

testWithPython(
  "Connection.operation() rejects if an argument has the wrong type for Python",
  async () => {
    await withPythonServer(async (python) => {
      await using connection = await python.connect();
      const error = await connection.operation("add", { a: 1, b: "2" })
        .catch((error) => error);
      assert(error instanceof ResponseError);
      // Python fails to serialize the needed type.
      assert.equal(error.code, ErrorCode.SERVER_ERROR);
      assert.match(error.message, /type is not JSON serializable/);
    });
  },
);

testWithPython(
  "A Python operation with an annotated result cannot be called",
  async () => {
    await withPythonServer(async (python) => {
      await using connection = await python.connect();
      await assert.rejects(
        connection.operation("add annotated", { a: 1, b: 2 }),
        /the server answered INVALID_CONTENT/,
      );
    });
  },
);

testWithPython("A Python operation cannot return a list", async () => {
  await withPythonServer(async (python) => {
    await using connection = await python.connect();
    await assert.rejects(
      connection.operation("list"),
      /the server answered SERVER_ERROR: .*returned non-json type/,
    );
  });
});

testWithPython(
  "Connection.close() says goodbye, and a Python server closes with 1000",
  async () => {
    await withPythonServer(async (python) => {
      const connection = await python.connect();
      await connection.close();
      assert.deepEqual(await connection.closed, { code: 1000, reason: "" });
    });
  },
);

testWithPython(
  "Connection.closed resolves when a Python server closes",
  async () => {
    await withPythonServer(async (python) => {
      await using connection = await python.connect();
      await python.close();
      assert.deepEqual(await connection.closed, { code: 1012, reason: "" });
    });
  },
);
