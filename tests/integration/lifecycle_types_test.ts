/** The type of `client.data`. The type check of this file is the test. */

import {
  type Client,
  type CloseInfo,
  type OperationContext,
  serve,
  Server,
} from "../../server.ts";
import { assertSameType } from "../support/same_type.ts";
import {
  compiles,
  contract,
  QUIET,
  type TypedContract,
} from "../support/typed_contract.ts";

interface Session {
  readonly user: string;
}

const session = (): Session => ({ user: "ada" });

Deno.test("client.data is undefined without onConnect", () => {
  compiles(() => {
    const server = serve("test", QUIET);
    for (const { data } of server.clients) {
      assertSameType<typeof data, undefined>(true);
    }
    const disconnecting = serve({
      ...QUIET,
      onDisconnect: ({ data }, close) => {
        assertSameType<typeof data, undefined>(true);
        assertSameType<typeof close, CloseInfo>(true);
      },
    });
    assertSameType<typeof disconnecting, typeof server>(true);
  });
});

Deno.test("the type of client.data is the type that onConnect resolves to", () => {
  compiles(() => {
    const now = serve({ ...QUIET, onConnect: session });
    const later = serve("test", {
      ...QUIET,
      onConnect: async (client) => {
        await client.request("ready?");
        return session();
      },
      onDisconnect: ({ data }) => {
        assertSameType<typeof data, Session | undefined>(true);
      },
    });
    assertSameType<typeof later, typeof now>(true);
    later.receive("a", ({ client }) => {
      assertSameType<typeof client.data, Session>(true);
    });
    later.receive(({ client }) => {
      assertSameType<typeof client.data, Session>(true);
    });
    later.operation("a", (_data, { client }) => client.data.user);
    later.operation("b", {}, async (_data, { client }) => {
      const reply = await client.request("ready?");
      assertSameType<typeof reply.client.data, Session>(true);
    });
    // @ts-expect-error: this property does not exist
    later.operation("c", (_data, { client }) => client.data.missing);
  });
});

Deno.test("onConnect gets the identity and the contract", () => {
  compiles(() => {
    const server = serve({
      ...QUIET,
      contract,
      login: (_server, token) => token === "test" ? { name: "ada" } : null,
      onConnect: async (client) => {
        assertSameType<typeof client, Client<{ name: string }, TypedContract>>(
          true,
        );
        client.message("news", { n: 1 });
        // @ts-expect-error: there is no such event
        client.message("old news");
        const { data: { at } } = await client.request("ready");
        return { user: client.identity.name, at };
      },
      onDisconnect: ({ data, identity }) => {
        assertSameType<typeof data, { user: string; at: number } | undefined>(
          true,
        );
        assertSameType<typeof identity, { name: string }>(true);
      },
    });
    type Data = { user: string; at: number };
    assertSameType<
      typeof server,
      Server<{ name: string }, TypedContract, Data>
    >(true);
    server.operation("add", ({ a }, { client }) => a + client.data.at);
    server.receive("hello", ({ client }) => {
      assertSameType<typeof client.data, Data>(true);
    });
    server.receive((message) => {
      assertSameType<typeof message.client.data, Data>(true);
    });
  });
});

Deno.test("a constructed server has the type of its data", () => {
  compiles(() => {
    const plain = new Server("test");
    for (const { data } of plain.clients) {
      assertSameType<typeof data, unknown>(true);
    }
    const inferred = new Server({ onConnect: session });
    for (const { data } of inferred.clients) {
      assertSameType<typeof data, Session>(true);
    }
    const named = new Server<{ id: number }, TypedContract, Session>("test", {
      contract,
      login: () => ({ id: 1 }),
      onConnect: (client) => ({ user: `${client.identity.id}` }),
    });
    named.operation("add", (_data, { client }) => client.data.user.length);
    // @ts-expect-error: the data has a user
    new Server<{ id: number }, TypedContract, Session>({ onConnect: () => 1 });
  });
});

Deno.test("a function for any client accepts a client with data", () => {
  const isKnown = ({ data }: Client): boolean => data !== undefined;
  const check = (_data: unknown, { client }: OperationContext) =>
    isKnown(client);
  const count = ({ clients }: Server): number => clients.size;
  compiles(() => {
    const server = serve({ ...QUIET, onConnect: session });
    server.operation("check", check);
    for (const client of server.clients) isKnown(client);
    return count(server);
  });
});
