/** Logins, TLS, permissions and names: what a server may do with its Redis. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { RedisEngine } from "../../tools/engines/redis.ts";
import { HoistError } from "../../common/hoist_error.ts";
import { makeCertificate } from "../support/certificate.ts";
import { withEngine } from "../support/engines.ts";
import {
  HISTORY,
  publishError,
  RedisServer,
  testRedis,
  wait,
} from "../support/redis.ts";
import { ROOM_NAMES } from "./room_names.ts";
import { until } from "../support/timing.ts";

const SECRET = "s3cr%t/@:#?";

/** The rights that the guide lists. */
const RIGHTS = rightsIn(
  await Deno.readTextFile(
    new URL("../../docs/guide/redis.md", import.meta.url),
  ),
);

/** Reads the rights in the command that creates a user. */
function rightsIn(guide: string): readonly string[] {
  const [, command = ""] =
    /ACL SETUSER hoist on '>password' ([^`]*)/.exec(guide) ?? [];
  return command.replaceAll(/[\\']/g, "").trim().split(/\s+/);
}

function credentialsOf(redis: RedisEngine) {
  return { url: redis.url, username: "hoist", password: SECRET, prefix: "app" };
}

function assertNoSecret(...errors: readonly (Error | undefined)[]): void {
  for (const error of errors) {
    const shown = Deno.inspect(error, { depth: 9 }) + error?.stack;
    for (const secret of [SECRET, encodeURIComponent(SECRET)]) {
      assert(!shown.includes(secret), shown);
    }
  }
}

/** Lets two servers do everything that needs a right; returns what was refused. */
async function refusedWith(
  redis: RedisEngine,
  rights: readonly string[],
): Promise<string> {
  await redis.run("FLUSHALL");
  await redis.run("ACL", "LOG", "RESET");
  const user = ["ACL", "SETUSER", "hoist", "reset", "on", `>${SECRET}`];
  await redis.run(...user, ...rights);
  const url = new URL(redis.url);
  url.username = "hoist";
  url.password = encodeURIComponent(SECRET);
  try {
    const options = credentialsOf(redis);
    await using first = await new RedisServer(redis, options).start();
    const inUrl = { url: url.href, prefix: "app" };
    await using second = await new RedisServer(redis, inUrl).start();
    await useRooms(first, second);
    await useCluster(first, second);
    await redis.run("SCRIPT", "FLUSH");
    await first.publish("a", "4");
  } catch (error) {
    assert(error instanceof HoistError, String(error));
  }
  return await redis.run("ACL", "LOG");
}

async function useRooms(
  first: RedisServer,
  second: RedisServer,
): Promise<void> {
  await second.broker.subscribe("a");
  const position = await first.publish("a", "1", "key");
  const key = { publisher: "ada", key: "2", isRepeated: false };
  for (const each of [undefined, key]) {
    await first.broker.publish("a", "2", { history: undefined, key: each });
  }
  const short = { ...HISTORY, size: 2, ttl: Infinity };
  for (let n = 0; n < 4; n++) {
    await first.broker.publish("a", "3", { history: short, key: undefined });
  }
  await until(() => second.payloads.includes("3"));
  assert.equal(await second.lostAfter("a", position), "expired");
  await second.broker.clear("a", HISTORY);
  await second.broker.unsubscribe("a");
}

async function useCluster(
  first: RedisServer,
  second: RedisServer,
): Promise<void> {
  assert.equal(await first.cluster.ask(second.id, "hello", 1_000), "hello");
  await first.cluster.survey("hello", 1_000);
  await first.cluster.tell(undefined, "hello");
  await first.cluster.put("a", "1");
  await first.cluster.create("b", "1");
  assert.equal((await first.cluster.list("")).size, 2);
  await first.cluster.delete("a");
}

await withEngine("Redis", () => {
  Deno.test("Redis: servers need exactly the rights that the guide lists", async () => {
    await using redis = await RedisEngine.start();
    assert.equal(await refusedWith(redis, RIGHTS), "");
    for (const right of RIGHTS.filter((each) => each.startsWith("+"))) {
      const fewer = RIGHTS.filter((each) => each !== right);
      assert.notEqual(await refusedWith(redis, fewer), "", right);
    }
    for (const names of ["~app:*", "&app:*"]) {
      const fewer = RIGHTS.filter((each) => each !== names);
      assert.notEqual(await refusedWith(redis, fewer), "", names);
    }
  });

  for (
    const [what, args, options] of [
      ["a wrong password", [], { username: "hoist", password: SECRET }],
      ["no password", ["--requirepass", "right"], {}],
      ["the wrong one of all", ["--requirepass", "right"], {
        password: SECRET,
      }],
    ] as const
  ) {
    Deno.test(`Redis: reports ${what} at the start`, async () => {
      await using redis = await RedisEngine.start({ args });
      const server = new RedisServer(redis, options);
      const error = await publishError(server.start());
      assert.match(
        error.message,
        /^Cannot use Redis at 127\.0\.0\.1:\d+: Redis refuses the user name or the password \((WRONGPASS|NOAUTH|ERR).*[^.]\)\. Check 'username' and 'password'\.$/s,
      );
      assert.equal(error.outcome, "none");
      assertNoSecret(error);
      // It can be tried again.
      assertNoSecret(await publishError(server.start()));
    });
  }

  Deno.test("Redis: reports a password that changes later, and continues with the new one", async () => {
    await using redis = await RedisEngine.start();
    const setUser = (...rules: string[]) =>
      redis.run("ACL", "SETUSER", "hoist", "on", "~*", "&*", "+@all", ...rules);
    await setUser(`>${SECRET}`);
    let password = SECRET;
    await using server = await new RedisServer(redis, {
      ...{ username: "hoist", password: () => Promise.resolve(password) },
    }).start();
    await setUser("resetpass", ">new");
    await redis.run("CLIENT", "KILL", "USER", "hoist");
    await until(() => server.state === "refused");
    assert.match(server.errors.at(-1)!.message, /refuses the user name/);
    const error = await publishError(server.publish("a", "1"));
    assert.equal(error.outcome, "none");
    assertNoSecret(error, ...server.errors);
    password = "new";
    await until(() => server.state === "up");
    await server.publish("a", "2");
  });

  Deno.test("Redis: reports rights that are taken away", async () => {
    await using redis = await RedisEngine.start();
    await using server = await new RedisServer(redis).start();
    await redis.run("ACL", "SETUSER", "default", "-evalsha");
    const error = await publishError(server.publish("a", "1"));
    assert.match(error.message, /^Cannot publish: the user has too few rights/);
    assert.equal(error.outcome, "none");
    await until(() => server.state === "refused");
    // A script fails in the middle, too.
    await redis.run("ACL", "SETUSER", "default", "+evalsha", "-zadd");
    await wait(1_000);
    assert.deepEqual(server.states, ["up", "refused"]);
    await redis.run("ACL", "SETUSER", "default", "+zadd");
    await until(() => server.state === "up");
  });

  Deno.test("Redis: logs in as a user without a password", async () => {
    await using redis = await RedisEngine.start();
    const setUser = (name: string, ...rules: string[]) =>
      redis.run("ACL", "SETUSER", name, ...rules);
    await setUser("hoist", "on", "nopass", "~*", "&*", "+@all");
    await setUser("default", "off");
    const url = redis.url.replace("//", "//hoist@");
    for (const options of [{ username: "hoist" }, { url }]) {
      await using server = await new RedisServer(redis, options).start();
      await server.publish("a", "1");
    }
    await publishError(new RedisServer(redis).start());
  });

  Deno.test("Redis: does not connect when the password comes too late", async () => {
    await using redis = await RedisEngine.start();
    const { promise: password, resolve } = Promise.withResolvers<string>();
    const options = { timeout: 200, password: () => password };
    const server = new RedisServer(redis, options);
    const error = await publishError(server.start());
    assert.match(error.message, /has not answered within 0\.2 s/);
    resolve("late");
    await wait(100);
    // Redis can notice the end of the connection a moment later.
    await until(async () => {
      const list = await redis.run("CLIENT", "LIST", "TYPE", "normal");
      return list.split("\n").length === 1;
    }, "only the connection of the command");
  });

  Deno.test("Redis: a password that fails to be read is an error of the start", async () => {
    await using redis = await RedisEngine.start();
    const password = () => Promise.reject(new Error("The vault is closed"));
    const server = new RedisServer(redis, { password });
    const error = await publishError(server.start());
    assert.match(error.message, /The vault is closed/);
  });

  Deno.test("Redis: trusts only the certificate authorities of caCerts", async () => {
    const directory = await Deno.makeTempDir();
    const { cert, key } = makeCertificate();
    const [certFile, keyFile] = ["cert.pem", "key.pem"]
      .map((name) => join(directory, name)) as [string, string];
    await Deno.writeTextFile(certFile, cert);
    await Deno.writeTextFile(keyFile, key);
    await using redis = await RedisEngine.start({
      tls: { certFile, keyFile },
    });
    const url = `rediss://localhost:${redis.tlsPort}`;
    const server = new RedisServer({ url }, { timeout: 5_000 });
    const error = await publishError(server.start());
    assert.match(error.message, /the TLS certificate of Redis is not trusted/);
    const other = { url, caCerts: [makeCertificate().cert] };
    const refused = await publishError(new RedisServer(redis, other).start());
    assert.match(refused.message, /certificate .* is not trusted/);
    const plain = { url: `redis://localhost:${redis.tlsPort}` };
    await publishError(new RedisServer(redis, plain).start());
    const trusted = { url, caCerts: [cert], timeout: 5_000 };
    {
      await using server = await new RedisServer(redis, trusted).start();
      await server.publish("a", "1");
    }
    await Deno.remove(directory, { recursive: true });
  });

  testRedis(
    "keeps every name within its prefix and its room",
    async (redis, server) => {
      const key = {
        publisher: "a:b{c}\r\n",
        key: "x:{y} *",
        isRepeated: false,
      };
      for (const room of ROOM_NAMES) {
        await server.broker.publish(room, room, { history: HISTORY, key });
      }
      const keys = (await redis.run("KEYS", "*")).split("\n");
      const rooms = keys.filter((name) => name !== "hoist:leases");
      assert.equal(rooms.length, 3 * ROOM_NAMES.length);
      for (const name of rooms) {
        assert.match(
          name,
          /^hoist:room:\{[\w=-]+\}:(meta|log|key:[\w=-]+:[\w=-]+)$/,
        );
      }
    },
  );

  testRedis(
    "survives what other programs write to its channels",
    async (redis, server) => {
      await server.broker.subscribe("a");
      const messages = [
        "",
        "P",
        "P x y z",
        "P e.1.a",
        "M",
        "X",
        "P e.1.a \u0001 b",
      ];
      for (const message of messages) {
        await redis.run("PUBLISH", "hoist:room:{a}:live", message);
        await redis.run("PUBLISH", "hoist:nodes", message);
        await redis.run("PUBLISH", `hoist:node:${server.id}`, message);
      }
      for (const kind of ["tell", "ask", "answer", "hello", "bye"]) {
        await redis.run("PUBLISH", "hoist:nodes", `${kind} x 99 y`);
        await redis.run("PUBLISH", "hoist:nodes", `${kind} ${server.id} 1 y`);
      }
      const end = String(Date.now() + 30_000);
      const leases = [end, "\r\n", end, "ghost"];
      await redis.run("ZADD", "hoist:leases", ...leases);
      await until(() => server.cluster.nodes.has("ghost"));
      await server.publish("a", "1");
      await until(() => server.payloads.includes("1"));
      assert.deepEqual(server.payloads, ["1"]);
      assert(server.stale.length > 0);
      assert.deepEqual(server.told, ["y"]);
      assert(!server.cluster.nodes.has("\r\n"));
    },
  );

  testRedis("reports keys of another program", async (redis, server) => {
    await redis.run("SET", "hoist:room:{a}:meta", "text");
    const wrong = await publishError(server.publish("a", "1"));
    assert.match(wrong.message, /WRONGTYPE/);
    assert.equal(wrong.outcome, "none");
    await redis.run("HSET", "hoist:room:{c}:meta", "e", "a b", "o", "1");
    const error = await publishError(server.publish("c", "1"));
    assert.match(error.message, /^Cannot publish: /);
  });
});
