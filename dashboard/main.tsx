/**
 * The dashboard of a Hoist server, which `tools/dashboard.ts` builds.
 *
 * @module
 */

import { type JSX, render } from "preact";
import { useEffect, useState } from "preact/hooks";
import { App } from "./app.ts";
import { useCell } from "./hooks.ts";
import { Clients } from "./clients.tsx";
import { Contract } from "./contract.tsx";
import { Events } from "./events.tsx";
import { age, safe } from "./format.ts";
import { Log } from "./log.tsx";
import { Login } from "./login.tsx";
import { Overview } from "./overview.tsx";
import { Rooms } from "./rooms.tsx";

const PAGES = {
  overview: ["Overview", Overview],
  clients: ["Clients", Clients],
  rooms: ["Rooms", Rooms],
  events: ["Events", Events],
  contract: ["Contract", Contract],
  log: ["Log", Log],
} as const;

type PageName = keyof typeof PAGES;

function currentPage(): PageName {
  const name = location.hash.slice(1);
  return Object.hasOwn(PAGES, name) ? name as PageName : "overview";
}

function Main({ app }: { readonly app: App }): JSX.Element {
  const phase = useCell(app.connection.phase);
  const isSignedIn = phase.kind === "open" || phase.kind === "lost";
  return isSignedIn ? <Shell app={app} /> : <Login app={app} />;
}

/** The navigation, the banner and the current page. */
function Shell({ app }: { readonly app: App }): JSX.Element {
  const [page, setPage] = useState(currentPage);
  const isLost = useCell(app.connection.phase).kind === "lost";
  const problem = useCell(app.connection.problem);
  const isLate = useCell(app.silence) > 0;
  const news = useCell(app.news);
  useEffect(() => {
    const onHash = () => setPage(currentPage());
    addEventListener("hashchange", onHash);
    return () => removeEventListener("hashchange", onHash);
  }, []);
  const [, Current] = PAGES[page];
  return (
    <>
      <a
        class="skip"
        href="#main"
        onClick={(event) => {
          event.preventDefault();
          document.querySelector<HTMLElement>("h1")?.focus();
        }}
      >
        Skip to the content
      </a>
      <Navigation app={app} page={page} isLost={isLost} />
      <main id="main" tabIndex={page === "overview" ? 0 : undefined}>
        <div class="live" role="status">
          {isLost && (
            <p class="banner">
              The connection to the server is lost. Connecting again …
            </p>
          )}
          {!isLost && problem !== "" && (
            <p class="banner">{safe(problem, 500)}</p>
          )}
          {!isLost && problem === "" && isLate && (
            <p class="banner">
              The server does not answer. What the page shows is old.
            </p>
          )}
        </div>
        <Current app={app} key={page} />
      </main>
      <p class="hidden" role="status">{news}</p>
    </>
  );
}

function Navigation({ app, page, isLost }: {
  readonly app: App;
  readonly page: PageName;
  readonly isLost: boolean;
}): JSX.Element {
  const stats = useCell(app.history.latest);
  const silence = useCell(app.silence);
  const state = isLost
    ? "Connection lost"
    : silence > 0
    ? `No answer for ${age(silence)}`
    : "Connected";
  return (
    <header class="side">
      <p class="brand">
        Hoist
        <span class="muted">{stats && safe(stats.version)}</span>
      </p>
      <nav aria-label="Pages">
        {Object.entries(PAGES).map(([name, [title]]) => (
          <a
            key={name}
            href={`#${name}`}
            aria-current={name === page ? "page" : undefined}
          >
            {title}
          </a>
        ))}
      </nav>
      <div class="foot">
        <p class={`state ${state === "Connected" ? "good" : "bad"}`}>{state}</p>
        <button type="button" onClick={() => app.connection.signOut()}>
          Sign out
        </button>
      </div>
    </header>
  );
}

render(<Main app={new App()} />, document.body);
