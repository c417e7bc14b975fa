/** The members of a room that are connected to other servers. */

import assert from "node:assert/strict";
import { GRACE } from "../../server/member.ts";
import { Presence } from "../../server/presence.ts";
import type { RoomIdentity } from "../../server/room_identities.ts";
import { TimeoutQueue } from "../../server/scheduler.ts";
import { Clock, READING_TIME } from "../support/clock.ts";

function identityOf(connection: string, member = connection): RoomIdentity {
  const user = member === connection ? undefined : member;
  return { secret: "", connection, member, user, isRecognized: false };
}

/** A room whose events are recorded. */
class Stage {
  readonly log: string[] = [];
  readonly presence = new Presence(
    {
      onChange: ({ join, leave }) => {
        const ids = join.map((json) => JSON.parse(json).connection);
        this.log.push(`+${ids} -${leave}`);
      },
      onJoin: ({ id }) => void this.log.push(`join ${id}`),
      onLeave: ({ id }) => void this.log.push(`leave ${id}`),
      onOwnChange: (connection) => void this.log.push(`own ${connection}`),
    },
    new TimeoutQueue(GRACE, (end: () => void) => end()),
  );

  showForeign(connection: string, member?: string): void {
    const identity = identityOf(connection, member);
    this.presence.showForeign({ identity, presence: "" });
  }

  /** Returns what has happened since the last call. */
  take(): string[] {
    return this.log.splice(0);
  }
}

Deno.test("connections to other servers appear and leave without a hook", () => {
  using clock = new Clock();
  const stage = new Stage();
  stage.showForeign("a");
  assert.equal(stage.presence.count, 1);
  assert(stage.presence.hasNoOwn);
  clock.pass(200);
  assert.deepEqual(stage.take(), ["+a -"]);
  stage.presence.removeForeign("a", false);
  clock.pass(200);
  assert.deepEqual(stage.take(), ["+ -a"]);
  stage.showForeign("b");
  stage.presence.removeForeign("b", true);
  assert.deepEqual(stage.take(), ["leave b"]);
  stage.presence.removeForeign("unknown", true);
  clock.pass(200);
});

Deno.test("a lost connection that comes back to another server does not wait", () => {
  using clock = new Clock();
  const stage = new Stage();
  const { presence } = stage;
  presence.show(identityOf("a"), "");
  clock.pass(200);
  stage.take();
  let removed = 0;
  presence.lose(identityOf("a"), () => removed++);
  stage.showForeign("a");
  assert.equal(removed, 1);
  assert(presence.hasNoOwn);
  assert.deepEqual(stage.take(), ["own a"]);
  // It has appeared somewhere all the time.
  clock.pass(GRACE + READING_TIME + 200);
  assert.deepEqual(stage.take(), []);
  assert.equal(presence.count, 1);
});

Deno.test("a connection that is open here does not go to another server before it is lost", () => {
  using clock = new Clock();
  const stage = new Stage();
  const { presence } = stage;
  presence.show(identityOf("a"), '{"n":1}');
  presence.showForeign({ identity: identityOf("a"), presence: '{"n":2}' });
  assert.deepEqual(presence.members[0]?.connections, [{ n: 1 }]);
  let removed = 0;
  presence.lose(identityOf("a"), () => removed++);
  assert.equal(removed, 1);
  assert.deepEqual(presence.members[0]?.connections, [{ n: 2 }]);
  // What this server does about its own connection does not matter any more.
  presence.remove(identityOf("a"));
  presence.lose(identityOf("a"), () => removed++);
  assert.equal(removed, 2);
  assert.equal(presence.count, 1);
  clock.pass(200);
});

Deno.test("a connection that leaves here can still be on another server", () => {
  using clock = new Clock();
  const stage = new Stage();
  stage.presence.show(identityOf("a"), "");
  stage.showForeign("a");
  stage.presence.remove(identityOf("a"));
  assert.equal(stage.presence.count, 1);
  stage.presence.removeForeign("a", true);
  assert.equal(stage.presence.count, 0);
  assert.deepEqual(stage.take(), ["join a", "own a", "own a", "leave a"]);
  clock.pass(200);
});

Deno.test("a connection comes back from another server", () => {
  using clock = new Clock();
  const stage = new Stage();
  stage.showForeign("a");
  stage.presence.show(identityOf("a"), "");
  stage.presence.removeForeign("a", false);
  assert.equal(stage.presence.count, 1);
  assert(!stage.presence.hasNoOwn);
  assert.deepEqual(stage.take(), ["own a"]);
  clock.pass(200);
});

Deno.test("a user joins once, on the server of the first connection", () => {
  using clock = new Clock();
  const stage = new Stage();
  const release = stage.presence.holdJoins();
  stage.presence.show(identityOf("a", "ada"), "");
  stage.presence.show(identityOf("b", "bob"), "");
  stage.presence.show(identityOf("e", "eve"), "");
  stage.presence.remove(identityOf("e", "eve"));
  // Ada is on another server, too.
  stage.showForeign("c", "ada");
  release();
  const hooks = stage.take().filter((line) => !line.startsWith("own"));
  assert.deepEqual(hooks, ["join bob"]);
  stage.presence.show(identityOf("d", "dan"), "");
  stage.presence.remove(identityOf("a", "ada"));
  stage.presence.removeForeign("c", false);
  const later = stage.take().filter((line) => !line.startsWith("own"));
  assert.deepEqual(later, ["join dan"]);
  clock.pass(200);
});
