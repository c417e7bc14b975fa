/** Tests of `contract/rooms_types.ts`. The type check is the test. */

import type { NameOf, ParamNameOf, ParamsOf } from "@hoist/cli/types";
import { assertSameType } from "../support/same_type.ts";

Deno.test("ParamsOf has a key for each parameter of a pattern", () => {
  assertSameType<ParamsOf<"chat:{id}">, { readonly id: string }>(true);
  assertSameType<
    ParamsOf<"{team}:{id}-x">,
    { readonly team: string; readonly id: string }
  >(true);
  assertSameType<keyof ParamsOf<"lobby">, never>(true);
  assertSameType<ParamNameOf<"a{b}c{d}e{f}">, "b" | "d" | "f">(true);
});

Deno.test("NameOf has a string in place of each parameter", () => {
  assertSameType<NameOf<"lobby">, "lobby">(true);
  assertSameType<NameOf<"chat:{id}">, `chat:${string}`>(true);
  assertSameType<NameOf<"{a}:{b}">, `${string}:${string}`>(true);
  assertSameType<NameOf<"x{a}y{b}z">, `x${string}y${string}z`>(true);
  assertSameType<NameOf<"lobby" | "chat:{id}">, "lobby" | `chat:${string}`>(
    true,
  );
});

Deno.test("a pattern that TypeScript does not know has any name and parameter", () => {
  assertSameType<NameOf<string>, string>(true);
  assertSameType<ParamsOf<string>, { readonly [name: string]: string }>(true);
});
