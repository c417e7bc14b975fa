/** The dashboard behind nginx, which publishes the server below a path. */

import { testWithBrowser } from "../support/browser.ts";
import { Dashboard, WITH_DASHBOARD } from "../support/dashboard.ts";
import { hasNginx, Nginx } from "../support/nginx.ts";
import { freePort } from "../../tools/lib/ports.ts";
import { serveQuietly } from "../support/server.ts";

/** The configuration of docs/guide/dashboard.md. */
function proxy(port: number, target: number): string {
  return `
    server {
      listen 127.0.0.1:${port};
      location /monitor/ {
        proxy_pass http://127.0.0.1:${target}/;
        proxy_http_version 1.1;
        proxy_set_header Host $http_host;
        proxy_set_header X-Forwarded-Proto $scheme;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection upgrade;
      }
    }`;
}

if (hasNginx) {
  testWithBrowser(
    "nginx: the dashboard works below a path, regardless of allowedOrigins",
    async (browser) => {
      const allowedOrigins = ["https://other.example"];
      await using server = serveQuietly({ ...WITH_DASHBOARD, allowedOrigins });
      const port = freePort();
      await using _nginx = await Nginx.start(
        port,
        () => proxy(port, server.addr.port),
      );
      const url = `http://127.0.0.1:${port}/monitor`;
      const dashboard = await Dashboard.signIn(browser, url);
      await dashboard.has(".tiles .panel", /Clients\s*1/);
      await dashboard.select("Clients");
      await dashboard.has(".count", /^1$/);
      dashboard.assertQuiet();
    },
  );
}
