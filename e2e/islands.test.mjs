// Each island on small pages of its own, under the policy of the real ones: what it adds, what it must
// never do, and that the page works without it.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import * as look from './lib/browser.mjs';
import { html, openSite } from './lib/site.mjs';

const MOST_MS = 60_000;

let browser;
before(async () => { browser = await look.openBrowser(); });
after(async () => { await browser?.close(); });

/** A suite with its own site; `visit` opens a fresh visitor and fails on any complaint of the page. */
function suite(name, routes, tests) {
  describe(name, () => {
    let site;
    before(async () => { site = await openSite(routes); });
    after(async () => { await site?.close(); });
    const visit = (title, path, act, options = {}) =>
      test(title, { timeout: MOST_MS }, async () => {
        const page = await look.desktop(browser, site, options);
        const heard = look.complaints(page);
        try {
          await page.goto(path);
          await act(page);
          assert.deepEqual(heard.filter((it) => !(options.expected ?? []).some((known) => known.test(it))), []);
        } finally {
          await page.context().close();
        }
      });
    tests(visit);
  });
}

const stored = (page, kind) => page.evaluate((it) => JSON.stringify({ ...window[it] }), kind);
const path = (page) => new URL(page.url()).pathname;
const focused = (page) => page.evaluate(() => document.activeElement.id || document.activeElement.tagName);

// ------------------------------------------------------------------------------------------------

const EXIT = '<aside class="exit"><a href="/leave" data-exit>快速离开 <kbd hidden>Esc 两次</kbd></a></aside>';
const inPublic = (body) => html(EXIT + body, { scripts: ['exit'], kind: 'public' });

suite('exit', {
  'GET /': inPublic('<h1>首页</h1><a id="on" href="/help">我要求助</a>'),
  'GET /help': inPublic('<h1>说说经过</h1><form method="post"><textarea id="story" name="story"></textarea></form>'),
  'GET /leave': () => ({ status: 303, headers: { location: '/weather' } }),
  'GET /weather': html('<h1>天气</h1><a id="on" href="/help">x</a>', { kind: 'plain' }),
}, (visit) => {
  const left = async (page) => {
    await page.waitForURL('**/weather');
    assert.equal(await page.locator('h1').innerText(), '天气');
  };

  visit('Esc twice leaves, and back does not return', '/', async (page) => {
    await page.click('#on');
    await page.waitForURL('**/help');
    assert.ok(await page.locator('kbd').isVisible());
    await page.locator('#story').fill('不能让人看见');
    await page.locator('h1').click();
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    await left(page);
    await page.goBack({ waitUntil: 'commit' }).catch(() => undefined);
    await left(page);
    await page.waitForLoadState();
    assert.ok(!(await page.content()).includes('不能让人看见'));
  });

  visit('typing Esc twice in a field leaves too', '/help', async (page) => {
    await page.locator('#story').fill('字');
    await page.locator('#story').press('Escape');
    assert.equal(path(page), '/help');
    await page.locator('#story').press('Escape');
    await left(page);
  });

  visit('the link replaces the page instead of following it', '/help', async (page) => {
    const before = await page.evaluate(() => history.length);
    await page.locator('[data-exit]').click();
    await left(page);
    assert.equal(await page.evaluate(() => history.length), before);
  });

  visit('the screen is blank before the other site answers', '/help', async (page) => {
    let release;
    const held = new Promise((done) => { release = done; });
    await page.route('**/leave', async (route) => {
      await held;
      await route.continue();
    });
    await page.locator('#story').fill('还在');
    // Asked in the same breath: a page on its way elsewhere answers no later question.
    const seen = await page.evaluate(() => {
      const field = document.querySelector('#story');
      for (let n = 0; n < 2; n += 1) dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape' }));
      return [document.body.innerText, document.title, field.value, document.documentElement.hidden];
    });
    assert.deepEqual(seen, ['', '\u200b', '', true]);
    release();
    await left(page);
  });

  visit('one Esc, a held Esc and Esc that ends a composition stay', '/help', async (page) => {
    await page.evaluate(() => {
      const press = (more) => dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', ...more }));
      press({});
      press({ repeat: true });
      press({ isComposing: true });
    });
    assert.equal(path(page), '/help');
    assert.ok(await page.locator('h1').isVisible());
  });

  visit('coming again on purpose is possible', '/help', async (page) => {
    await page.locator('[data-exit]').click();
    await left(page);
    await page.click('#on');
    await page.waitForURL('**/help');
    assert.ok(await page.locator('h1').isVisible());
  });

  visit('without script the link is a link and promises no key', '/help', async (page) => {
    assert.ok(!(await page.locator('kbd').isVisible()));
    await page.locator('[data-exit]').click();
    await left(page);
  }, { javaScriptEnabled: false });
});

// ------------------------------------------------------------------------------------------------

const PRINT = '<button type="button" data-print hidden>打印</button>';

suite('print', {
  'GET /': html(PRINT, { scripts: ['print', 'print'] }),
}, (visit) => {
  visit('the button is shown and prints once, even when loaded twice', '/', async (page) => {
    await page.evaluate(() => {
      window.printed = 0;
      window.print = () => { window.printed += 1; };
    });
    await page.locator('[data-print]').click();
    assert.equal(await page.evaluate(() => window.printed), 1);
  });
  visit('without script there is none', '/', async (page) => {
    assert.ok(!(await page.locator('[data-print]').isVisible()));
  }, { javaScriptEnabled: false });
});

// ------------------------------------------------------------------------------------------------

const ROWS = [1, 2, 3].map((n) => `<tr><td><input type="checkbox" id="t${n}" name="pick" value="${n}" aria-label="选中 ${n}"></td>
<td><a id="r${n}" href="/cases/${n}">${n}</a></td></tr>`).join('');
const DESK = `<nav><a href="/board" data-key="2">督办 <kbd hidden>2</kbd></a></nav>
<input id="find" type="search" aria-label="查找">
<form method="post" action="/bulk"><table data-rows><tbody>${ROWS}</tbody></table>
<b data-picked="已选 {n} 件">先选几件</b><button id="go" name="do" value="go">批量</button></form>
<textarea id="note" aria-label="备注"></textarea>
<form method="post" action="/saved"><button id="save" data-key="F9">登记</button></form>
<button type="button" data-keys-open hidden>快捷键</button>
<dialog data-keys hidden aria-label="快捷键"><dl><dt>/</dt><dd>查找</dd></dl>
<label><input type="checkbox" data-keys-off>关闭</label><button type="button" data-keys-close>关</button></dialog>`;

suite('desk', {
  'GET /': html(DESK, { scripts: ['desk', 'desk'], attributes: 'data-find="#find"' }),
  'GET /cases/2': html('<h1>二</h1>'),
  'GET /board': html('<h1>督办</h1>'),
  'POST /bulk': () => ({ body: html('<h1>批量</h1>') }),
  'POST /saved': () => ({ body: html('<h1>已登记</h1>') }),
}, (visit) => {
  visit('j and k move, x picks, Enter opens', '/', async (page) => {
    const keys = async (...all) => { for (const key of all) await page.keyboard.press(key); };
    await keys('j', 'j');
    assert.equal(await focused(page), 'r2');
    await keys('k', 'k');
    assert.equal(await focused(page), 'r1');
    await keys('j', 'j', 'j', 'j');
    assert.equal(await focused(page), 'r3');
    await keys('k', 'x');
    assert.ok(await page.locator('#t2').isChecked());
    assert.equal(await page.locator('tr.picked').count(), 1);
    assert.equal(await page.locator('[data-picked]').innerText(), '已选 1 件');
    await keys('x');
    assert.equal(await page.locator('[data-picked]').innerText(), '先选几件');
    await keys('Enter');
    await page.waitForURL('**/cases/2');
  });

  visit('Enter at a tick opens its row instead of sending the form', '/', async (page) => {
    await page.locator('#t2').focus();
    await page.keyboard.press('Enter');
    await page.waitForURL('**/cases/2');
  });

  visit('a slash goes to the search field, digits follow the navigation', '/', async (page) => {
    await page.keyboard.press('/');
    assert.equal(await focused(page), 'find');
    assert.equal(await page.locator('#find').inputValue(), '');
    await page.locator('#r1').focus();
    await page.keyboard.press('2');
    await page.waitForURL('**/board');
  });

  visit('typing is never taken for a command', '/', async (page) => {
    for (const field of ['#find', '#note']) {
      await page.locator(field).focus();
      await page.keyboard.type('jkx/2?');
      assert.equal(await page.locator(field).inputValue(), 'jkx/2?');
      assert.equal(await focused(page), field.slice(1));
    }
    assert.equal(path(page), '/');
    assert.equal(await page.locator('input:checked').count(), 0);
    assert.ok(!(await page.locator('dialog').isVisible()));
    await page.locator('#r1').focus();
    for (const key of ['Control+j', 'Alt+2', 'Shift+J']) await page.keyboard.press(key);
    assert.equal(await focused(page), 'r1');
    assert.equal(path(page), '/');
  });

  visit('function keys act while typing', '/', async (page) => {
    await page.locator('#note').focus();
    await page.keyboard.press('F9');
    await page.waitForURL('**/saved');
  });

  visit('the list of keys is shown, closed, and can switch single keys off', '/', async (page) => {
    await page.keyboard.press('?');
    assert.ok(await page.locator('dialog').isVisible());
    assert.match(await page.locator('dialog dl').innerText(), /2\s+督办[^]*F9\s+登记/);
    await page.keyboard.press('Escape');
    assert.ok(!(await page.locator('dialog').isVisible()));
    await page.locator('[data-keys-open]').click();
    await page.locator('[data-keys-off]').check();
    await page.locator('[data-keys-close]').click();
    await page.reload();
    await page.keyboard.press('j');
    assert.equal(await focused(page), 'BODY');
    assert.ok(!(await page.locator('nav kbd').isVisible()));
    await page.locator('[data-keys-open]').click();
    await page.locator('[data-keys-off]').uncheck();
    await page.locator('[data-keys-close]').click();
    assert.equal(await stored(page, 'localStorage'), '{}');
  });
});

// ------------------------------------------------------------------------------------------------

const SECRET = '13800001234';
const DRAFT = `<form method="post" action="/send" data-draft="case.7.report">
<div data-draft-notice hidden>已恢复 <button type="button" data-draft-discard>放弃</button></div>
<input type="hidden" name="csrf" value="hidden-one"><input id="note" name="note" value="原来的" aria-label="情况">
<textarea id="text" name="text" aria-label="经过"></textarea>
<select id="kind" name="kind" aria-label="方式"><option value="a">电话</option><option value="b">入户</option></select>
<label><input type="radio" id="yes" name="safe" value="yes">是</label><label><input type="radio" id="no" name="safe" value="no">否</label>
<div data-secret><input id="phone" name="phone" aria-label="电话"></div><input id="pin" name="pin" type="password" aria-label="口令">
<input id="code" name="code" data-secret aria-label="暗号"><span data-draft-saved hidden>已留</span><button id="go">发送</button></form>`;
const draftPage = (mark = '', attributes = 'data-draft-owner="1"') =>
  html(mark + DRAFT + '<button type="button" id="out" data-draft-forget>退出</button>', { scripts: ['draft', 'draft'], attributes });
const refused = { expected: [/status 422/, /console: Failed to load resource.*422/] };

suite('draft', {
  'GET /': draftPage(),
  'GET /done': draftPage('<p data-draft-done>已记</p>'),
  'GET /other': draftPage('', 'data-draft-owner="2"'),
  'GET /open': html(DRAFT, { scripts: ['draft'], kind: 'public' }),
  'GET /plain': html('<h1>x</h1>', { scripts: ['draft'], attributes: 'data-draft-owner="1"' }),
  'POST /send': (form) =>
    form.get('note') === 'ok'
      ? { status: 303, headers: { location: '/done' } }
      : { status: 422, body: draftPage('<div role="alert">不行</div>') },
}, (visit) => {
  const type = async (page) => {
    await page.locator('#note').fill('新的');
    await page.locator('#text').fill('第一行\n第二行');
    await page.locator('#kind').selectOption('b');
    await page.locator('#no').check();
    await page.locator('#phone').fill(SECRET);
    await page.locator('#pin').fill(`pin${SECRET}`);
    await page.locator('#code').fill(`code${SECRET}`);
  };
  const holds = async (page, expected) => {
    const seen = await page.evaluate(() => {
      const value = (id) => document.getElementById(id).value;
      return [value('note'), value('text'), value('kind'), document.getElementById('no').checked];
    });
    assert.deepEqual(seen, expected);
  };
  const typed = ['新的', '第一行\n第二行', 'b', true];
  const offered = ['原来的', '', 'a', false];
  const notice = (page) => page.locator('[data-draft-notice]').isVisible();

  visit('what was typed is back after a reload, with a notice', '/', async (page) => {
    assert.ok(!(await notice(page)));
    await type(page);
    await page.locator('[data-draft-saved]').waitFor({ state: 'visible' });
    await page.reload();
    await holds(page, typed);
    assert.ok(await notice(page));
  });

  visit('secrets, passwords and hidden fields are kept nowhere', '/', async (page) => {
    await type(page);
    await page.goto('/plain');
    const session = await stored(page, 'sessionStorage');
    assert.ok(session.includes('第一行'), session);
    for (const word of [SECRET, 'hidden-one', 'csrf', 'phone', 'pin', 'code']) {
      assert.ok(!session.includes(word), `${word} in ${session}`);
    }
    assert.equal(await stored(page, 'localStorage'), '{}');
    await page.goto('/');
    await holds(page, typed);
    for (const id of ['phone', 'pin', 'code']) assert.equal(await page.locator(`#${id}`).inputValue(), '');
  });

  visit('discarding brings back what the page offered', '/', async (page) => {
    await type(page);
    await page.reload();
    await page.locator('[data-draft-discard]').click();
    await holds(page, offered);
    assert.ok(!(await notice(page)));
    assert.ok(!(await stored(page, 'sessionStorage')).includes('draft:'));
    await page.reload();
    await holds(page, offered);
  });

  visit('a refusal keeps it, success clears it', '/', async (page) => {
    await type(page);
    await page.locator('#go').click();
    await page.locator('[role=alert]').waitFor();
    await holds(page, typed);
    await page.locator('#note').fill('ok');
    await page.locator('#go').click();
    await page.waitForURL('**/done');
    await holds(page, offered);
    assert.ok(!(await stored(page, 'sessionStorage')).includes('draft:'));
    await page.locator('#text').fill('下一件');
    await page.reload();
    assert.equal(await page.locator('#text').inputValue(), '下一件');
  }, refused);

  visit('another account finds nothing, nor does anybody after logging out', '/', async (page) => {
    await type(page);
    await page.goto('/other');
    await holds(page, offered);
    await type(page);
    await page.locator('[data-draft-saved]').waitFor({ state: 'visible' });
    await page.locator('#out').click();
    assert.ok(!(await stored(page, 'sessionStorage')).includes('draft:'));
  });

  visit('a public page keeps nothing, whatever it is marked with', '/open', async (page) => {
    await type(page);
    await page.goto('/open');
    await holds(page, offered);
    assert.equal(await stored(page, 'sessionStorage'), '{}');
  });
});

// ------------------------------------------------------------------------------------------------

let asked = [];
let gate = Promise.resolve();
const CALL = `<nav><a href="/board" data-key="1">督办 <kbd hidden>1</kbd></a></nav>
<form method="post" action="/call" data-check="/check"><input type="hidden" name="csrf" value="c">
<input id="tel" name="tel" aria-label="电话"><fieldset data-digits="group"><legend>什么事</legend>
<label><input type="radio" name="group" id="g01" value="01">婚姻</label>
<label><input type="radio" name="group" id="g12" value="12">健康</label></fieldset>
<p data-check-failed hidden>连不上</p><div data-panel>还没有</div><button>登记</button></form>`;

suite('call', {
  'GET /': html(CALL, { scripts: ['call', 'desk', 'call'] }),
  'GET /board': html('<h1>督办</h1>'),
  'GET /login': html('<h1>登录</h1>'),
  'POST /check': async (form) => {
    asked.push(form.toString());
    const tel = form.get('tel');
    if (tel === 'slow') await gate;
    if (tel === 'out') return { status: 303, headers: { location: '/login' } };
    return { body: `<p>问过 <b>${tel}</b> ${form.get('group') ?? ''}</p><script>window.ran = true</script>` };
  },
}, (visit) => {
  const panel = (page, text) => page.locator('[data-panel]', { hasText: text }).waitFor();

  visit('the panel follows what is typed, asking once for a burst', '/', async (page) => {
    asked = [];
    await page.locator('#tel').pressSequentially('138');
    await panel(page, '问过 138');
    assert.deepEqual(asked, ['csrf=c&tel=138']);
    assert.equal(await page.locator('[data-panel]').getAttribute('aria-live'), 'polite');
    assert.equal(await page.locator('[data-panel]').getAttribute('aria-busy'), null);
    assert.equal(await page.evaluate(() => window.ran), undefined);
    assert.equal(await focused(page), 'tel');
  });

  visit('an answer that was overtaken is not shown', '/', async (page) => {
    let release;
    gate = new Promise((done) => { release = done; });
    const slow = page.waitForRequest((it) => it.postData()?.includes('slow') ?? false);
    await page.locator('#tel').fill('slow');
    await slow;
    await page.locator('#tel').fill('fast');
    await panel(page, '问过 fast');
    release();
    await page.locator('#tel').fill('last');
    await panel(page, '问过 last');
  }, { expected: [/ERR_ABORTED/] });

  visit('after the session ended the panel stays and says so', '/', async (page) => {
    await page.locator('#tel').fill('138');
    await panel(page, '问过 138');
    await page.locator('#tel').fill('out');
    await page.locator('[data-check-failed]').waitFor({ state: 'visible' });
    assert.ok(!(await page.content()).includes('登录'));
    await page.locator('#tel').fill('139');
    await panel(page, '问过 139');
    assert.ok(!(await page.locator('[data-check-failed]').isVisible()));
  });

  visit('two digits choose the category, but not while typing', '/', async (page) => {
    await page.locator('#tel').focus();
    await page.keyboard.type('12');
    assert.equal(await page.locator('#tel').inputValue(), '12');
    assert.equal(await page.locator('input:checked').count(), 0);
    await page.locator('#g01').focus();
    await page.keyboard.type('12');
    assert.ok(await page.locator('#g12').isChecked());
    assert.equal(await focused(page), 'g12');
    await panel(page, '问过 12 12');
    assert.equal(path(page), '/');
  });
});
