/**
 * Programs with any number of operations, which the compiler checks.
 *
 * @module
 */

/** Whether a program has a contract with schemas or only names. */
export type Kind = "contract" | "names";

/** The modules of a program, by file name. */
export type Modules = Readonly<Record<string, string>>;

/** The module that imports all others. */
export const MAIN = "main.ts";

/**
 * Makes a program: a server that registers all operations, and a client that calls each
 * of them once.
 *
 * @param size The number of operations
 */
export function makeProgram(kind: Kind, size: number): Modules {
  const modules = kind === "contract"
    ? withContract(listOf(size))
    : withNames(listOf(size));
  const main = Object.keys(modules).map((name) => `import "./${name}";`);
  return { ...modules, [MAIN]: joinLines(main) };
}

/** Returns the same program with a unique comment in each module. */
export function renew(modules: Modules): Modules {
  const mark = `// ${crypto.randomUUID()}\n`;
  return Object.fromEntries(
    Object.entries(modules).map(([name, text]) => [name, mark + text]),
  );
}

// Each operation has an own key, so that no two operations have the same type.
function withContract(numbers: readonly number[]): Modules {
  const USE = `import { contract } from "./contract.ts";`;
  return {
    "contract.ts": joinLines([
      `import { defineContract } from "@hoist/cli";`,
      `import { z } from "zod";`,
      `export const contract = defineContract({`,
      `  operations: {`,
      ...numbers.map(entryOf),
      `  },`,
      `});`,
    ]),
    "server.ts": joinLines([USE, ...serverLines("{ contract }", numbers)]),
    "client.ts": joinLines([USE, ...clientLines("{ contract }", numbers)]),
  };
}

function withNames(numbers: readonly number[]): Modules {
  return {
    "server.ts": joinLines(serverLines("{}", numbers)),
    "client.ts": joinLines(clientLines("{}", numbers)),
  };
}

function entryOf(n: number): string {
  const input = `{ id: z.number(), name: z.string(), in${n}: z.boolean() }`;
  const output = `{ id: z.number(), out${n}: z.string() }`;
  return `    run${n}: { input: z.object(${input}), output: z.object(${output}) },`;
}

function serverLines(options: string, numbers: readonly number[]): string[] {
  return [
    `import { serve } from "@hoist/cli";`,
    `const server = serve("test", ${options});`,
    ...numbers.map(registrationOf),
  ];
}

function registrationOf(n: number): string {
  const result = `{ id: Number(id), out${n}: \`\${name} \${in${n}}\` }`;
  return `server.operation("run${n}", ({ id, name, in${n} }) => (${result}));`;
}

function clientLines(options: string, numbers: readonly number[]): string[] {
  return [
    `import { connect } from "@hoist/cli";`,
    `const connection = await connect("test", ${options});`,
    ...numbers.map(callOf),
  ];
}

function callOf(n: number): string {
  const data = `{ id: ${n}, name: "Ada", in${n}: true }`;
  return `console.log(await connection.operation("run${n}", ${data}));`;
}

function listOf(size: number): number[] {
  return Array.from({ length: size }, (_, index) => index);
}

function joinLines(lines: readonly string[]): string {
  return `${lines.join("\n")}\n`;
}
