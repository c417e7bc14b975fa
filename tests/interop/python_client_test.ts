/** The client of Python Hoist with the server of this package. */

import assert from "node:assert/strict";
import { serveQuietly } from "../support/server.ts";
import { VERSION } from "../../version.ts";
import {
  raised,
  serveAdd,
  testWithPython,
  withConnectedClient,
  withPythonClient,
} from "./drivers.ts";

testWithPython("A Python client logs in", async () => {
  await using server = serveQuietly();
  await withPythonClient(async (python) => {
    await python.connect(server);
    const versions = [...server.clients].map((client) => client.version);
    assert.deepEqual(versions, ["1.0.1"]);
  });
});

testWithPython("A Python client with a wrong token is rejected", async () => {
  await using server = serveQuietly();
  await withPythonClient(async (python) => {
    await assert.rejects(
      python.connect(server, { token: "wrong" }),
      raised("ServerLoginError: login token is not valid"),
    );
    assert.equal(server.clients.size, 0);
  });
});

testWithPython("A Python client below minimumVersion is rejected", async () => {
  await using server = serveQuietly({ minimumVersion: "1.0.2" });
  await withPythonClient(async (python) => {
    await assert.rejects(
      python.connect(server),
      raised(
        "InvalidVersionError: server needs version 1.0.2, but you have 1.0.1",
      ),
    );
  });
});

testWithPython(
  "A Python client with a higher minimum_version rejects the server",
  async () => {
    await using server = serveQuietly();
    await withPythonClient(async (python) => {
      await assert.rejects(
        python.connect(server, { minimum_version: "99.0.0" }),
        raised(
          `InvalidVersionError: server has version ${VERSION}, but required is 99.0.0`,
        ),
      );
    });
  },
);

testWithPython(
  "A Python client with the same minimum_version logs in",
  async () => {
    await using server = serveQuietly();
    await withPythonClient(async (python) => {
      await python.connect(server, { minimum_version: VERSION });
      assert.equal(server.clients.size, 1);
    });
  },
);

testWithPython(
  "A message of a Python client reaches the listener with its data",
  async () => {
    await using server = serveQuietly();
    const received: unknown[] = [];
    server.receive("hello", ({ name, data, replying }) => {
      received.push({ name, data, replying });
    });
    await withConnectedClient(server, async (python) => {
      await python.message("hello", { a: [1, "ä", null] });
      const data = { a: [1, "ä", null] };
      assert.deepEqual(received, [{ name: "hello", data, replying: null }]);
    });
  },
);

testWithPython(
  "A message of a Python client without a listener is done",
  async () => {
    await using server = serveQuietly();
    await withConnectedClient(server, async (python) => {
      const sent = await python.message("hello");
      assert.equal(sent.message, "hello");
    });
  },
);

testWithPython(
  "A Python client gets two replies to a message, in order",
  async () => {
    await using server = serveQuietly();
    server.receive("hello", async (message) => {
      message.reply("hi", { n: 1 });
      await Promise.resolve();
      message.reply("hi", { n: 2 });
    });
    await withConnectedClient(server, async (python) => {
      const sent = await python.message("hello", { a: 1 });
      const replies = await python.received();
      const numbers = replies.map(({ message, data }) => [message, data.n]);
      assert.deepEqual(numbers, [["hi", 1], ["hi", 2]]);
      assert.deepEqual(replies.map(({ replying }) => replying), [sent, sent]);
    });
  },
);

testWithPython("A Python client replies to a reply", async () => {
  await using server = serveQuietly();
  const names: unknown[] = [];
  server.receive("ask", (message) => void message.reply("question"));
  server.receive("answer", ({ name, data, replying }) => {
    names.push(name, data.n, replying?.name, replying?.replying?.name);
  });
  await withConnectedClient(server, async (python) => {
    await python.answer("question", "answer", { n: 42 });
    await python.message("ask");
    assert.deepEqual(names, ["answer", 42, "question", "ask"]);
  });
});

testWithPython(
  "A Python client gets a late reply with its next operation",
  async () => {
    await using server = serveAdd();
    const finished = Promise.withResolvers<() => void>();
    server.receive("hello", (message) => {
      finished.resolve(() => void message.reply("late", { n: 3 }));
    });
    await withConnectedClient(server, async (python) => {
      const sent = await python.message("hello");
      (await finished.promise)();
      assert.equal(await python.operation("add", { a: 1, b: 2 }), 3);
      const [late] = await python.received();
      assert.deepEqual([late?.message, late?.data.n], ["late", 3]);
      assert.equal(late?.replying?.id, sent.id);
    });
  },
);

testWithPython(
  "A Python client calls an operation with arguments",
  async () => {
    await using server = serveAdd();
    await withConnectedClient(server, async (python) => {
      assert.equal(await python.operation("add", { a: 1, b: 2 }), 3);
    });
  },
);

testWithPython(
  "A Python client gets null as the result of an operation",
  async () => {
    await using server = serveQuietly();
    server.operation("nothing", () => null);
    await withConnectedClient(server, async (python) => {
      assert.equal(await python.operation("nothing"), null);
    });
  },
);

testWithPython(
  "A Python client gets an error for an unknown operation and continues",
  async () => {
    await using server = serveAdd();
    await withConnectedClient(server, async (python) => {
      await assert.rejects(
        python.operation("fly"),
        raised('ValueError: "fly" is not a valid operation'),
      );
      assert.equal(await python.operation("add", { a: 1, b: 2 }), 3);
    });
  },
);

testWithPython(
  "A Python client can use print, get and read only if they are registered",
  async () => {
    await using server = serveQuietly();
    await withConnectedClient(server, async (python) => {
      // The read() of the Python client calls an operation named "path".
      for (
        const [name, called] of [
          ["print", "print"],
          ["get", "get"],
          ["read", "path"],
        ] as const
      ) {
        await assert.rejects(
          python.shortcut(name, "x"),
          raised(`ValueError: "${called}" is not a valid operation`),
        );
        server.operation(called, (data) => data);
      }
      assert.equal(await python.shortcut("print", "x"), null);
      assert.deepEqual(await python.shortcut("get", "x"), { url: "x" });
      assert.deepEqual(await python.shortcut("read", "x"), { path: "x" });
    });
  },
);

testWithPython(
  "A Python client gets a broadcast with its next operation",
  async () => {
    await using server = serveAdd();
    await withConnectedClient(server, async (python) => {
      const { delivered } = await server.broadcast("news", { n: 1 });
      assert.equal(delivered, 1);
      assert.deepEqual(await python.received(), []);
      assert.equal(await python.operation("add", { a: 1, b: 2 }), 3);
      const [news] = await python.received();
      assert.deepEqual([news?.message, news?.data], ["news", { n: 1 }]);
      assert.equal(news?.replying, null);
    });
  },
);

testWithPython(
  "A Python client gets a broadcast while its message is pending",
  async () => {
    await using server = serveQuietly();
    server.receive("hello", async (message) => {
      message.reply("before");
      await server.broadcast("news");
      message.reply("after");
    });
    await withConnectedClient(server, async (python) => {
      await python.message("hello");
      const names = (await python.received()).map(({ message }) => message);
      assert.deepEqual(names, ["before", "news", "after"]);
    });
  },
);

testWithPython(
  "A Python client gets a message to one client with its next operation",
  async () => {
    await using server = serveAdd();
    await withConnectedClient(server, async (python) => {
      for (const client of server.clients) client.message("psst", { n: 1 });
      await python.operation("add", { a: 1, b: 2 });
      const names = (await python.received()).map(({ message }) => message);
      assert.deepEqual(names, ["psst"]);
    });
  },
);
