// A certified identity provider on loopback, with its own log-in pages: whoever types a name is that
// name. Its address is another site than the program's, as in a city.

import Provider from 'oidc-provider';

export const CLIENT = 'xiaohe';
export const SECRET = 'a-secret-that-is-worth-nothing';

/** Starts it on a port; people may be sent back to `back`, and to `left` when they have logged out. */
export async function startProvider({ port, back, left }) {
  const issuer = `http://127.0.0.1:${port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: CLIENT,
        client_secret: SECRET,
        redirect_uris: [back],
        post_logout_redirect_uris: [left],
        response_types: ['code'],
        grant_types: ['authorization_code'],
      },
    ],
    cookies: { keys: ['worth nothing'] },
    pkce: { required: () => true },
    features: { devInteractions: { enabled: true } },
  });
  const server = provider.listen(port, '127.0.0.1');
  await new Promise((ready, failed) => server.once('listening', ready).once('error', failed));
  return {
    issuer,
    async stop() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

/** What somebody does on the provider's pages: gives a name, and agrees. */
export async function proveThere(page, name) {
  await page.waitForURL(/127\.0\.0\.1:\d+\/interaction\//);
  await page.locator('input[name="login"]').fill(name);
  await page.locator('input[name="password"]').fill('anything');
  await page.locator('button[type="submit"]').click();
  await page.locator('form button[type="submit"]').click();
}
