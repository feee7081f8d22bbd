// The other programmes in the pages: a dispute that a town mediates to its end, and a household
// whose recognition climbs from the village to the city and is looked at again. The same pages as for appeals, made
// from the workflows of the pack.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { ROOT, startApp } from './lib/app.mjs';
import { axe, fitsAcross, openBrowser, shot } from './lib/browser.mjs';
import { Staff, chain, complaint, fill, offered, send, submit } from './lib/desk.mjs';

const TOWN = 'handler@wf-370102001';
const VILLAGE = 'handler@wf-370102001002';
const COUNTY_NAME = '历下区妇联';
/** Five working days, with any week-end in between. */
const PUBLICITY_DAYS = 9;
/** What fits a field of a kind. */
const FITS = { number: '90' };
/** Within which the program sees that a day has come. */
const SEEN_MS = 60_000;

describe('programmes', () => {
  let app;
  let browser;
  let staff;
  const test = chain();
  before(async () => {
    app = await startApp();
    browser = await openBrowser();
    staff = new Staff(browser, app);
  });
  after(async () => {
    await browser?.close();
    await app?.stop();
  });

  /** Opens a record through its form; answers its number. */
  async function open(who, flow, fields) {
    const page = await staff.page(who);
    await page.goto(`/new/${flow}`);
    const form = page.locator('main form');
    const button = form.locator('.acts button').first();

    // Nothing filled in: told what is missing, and nothing is opened.
    assert.equal((await send(page, button)).status(), 422);
    assert.ok((await page.locator('.error-summary li').count()) >= 1);
    assert.deepEqual(await axe(page), []);
    await fill(form, fields);
    const answer = await send(page, button);
    assert.equal(answer.status(), 200, await complaint(page));
    return numberOf(page);
  }

  let dispute;
  test('a town opens a dispute, screens it and mediates', async () => {
    dispute = await open(TOWN, 'mediation', {
      channel: 'visit',
      category: '0107',
      summary: '兄弟二人为老人轮流居住起争执',
      narrative: '老人原与长子同住，次子要求按月轮流，双方各执一词。',
      place: '解放路街道解放桥社区',
      contact_name: '周先生',
      contact_phone: '13900008001',
    });
    assert.equal((await staff.act(TOWN, dispute, 'register')).state, '待分级');
    const graded = await staff.act(TOWN, dispute, 'grade', { screening: 'clear' });
    assert.equal(graded.state, '待调解');
    const started = await staff.act(TOWN, dispute, 'start', { consent: 'yes' });
    assert.equal(started.state, '调解中');
    await staff.act(TOWN, dispute, 'session', { session_form: 'joint', note: '双方各让一步。' });
    await shot(await staff.page(TOWN), 'mediation-session');
  });

  test('they agree, and the agreement is performed', async () => {
    const page = await staff.page(TOWN);
    const today = app.time().day;
    const agreed = await staff.act(TOWN, dispute, 'agree', {
      session_form: 'joint',
      narrative: '老人轮流居住，每家三个月。',
      answer: '自下月起老人轮流居住，每家三个月；医药费均摊。',
      perform_by: today,
      screening: 'clear',
    });
    assert.equal(agreed.state, '待履行');
    assert.ok((await page.locator('a[href*="/papers/"]').count()) >= 1, 'the agreement is a paper');
    const visiting = await staff.act(TOWN, dispute, 'to_visit');
    if (visiting) assert.deepEqual(visiting, { state: '待履行回访', unit: COUNTY_NAME });
  });

  test('somebody else visits, and it is closed and archived', async () => {
    const page = await staff.page(TOWN);
    await page.goto(`/cases/${dispute}`);
    assert.ok(!(await offered(page)).includes('visit_performed'), 'not by the mediator');
    const visitor = 'county_visitor@wf-370102';
    const closed = await staff.act(visitor, dispute, 'visit_performed', {
      performed: 'full',
      visit_note: '老人已住到次子家，双方满意。',
    });
    if (closed) assert.equal(closed.state, '办结');
    const archived = await staff.act('archivist@hotline-3701', dispute, 'archive');
    if (archived) assert.equal(archived.state, '归档');
    const end = await staff.read('leader@wf-3701', dispute);
    assert.equal(end.state, '归档');
    await shot(await staff.page('leader@wf-3701'), 'mediation-archived');
  });

  let household;
  test('a village opens a recognition and assesses it', async () => {
    household = await open(VILLAGE, 'recognition', {
      programme: 'model_household',
      subject_kind: 'household',
      summary: '解放桥社区赵某某户',
      household_name: '赵春华',
      narrative: '庭院整洁，尊老爱幼，邻里和睦。',
      place: '解放路街道解放桥社区',
    });
    assert.equal((await staff.act(VILLAGE, household, 'submit', { pledge: 'yes' })).state, '村评议');
    const page = await staff.page(VILLAGE);
    const scores = { score_sheet: 'v1', score_yard: '92', score_living: '101', score_conduct: '95' };
    const meeting = { met_on: '2026-11-01', attended: '30', in_favour: '28', posted: '社区公告栏' };
    const refused = await submit(page, 'evaluate', { ...scores, ...meeting });
    assert.equal(refused.status(), 422, '101 points of 100 are refused');
    assert.equal(await page.locator('#do-evaluate [name="posted"]').inputValue(), '社区公告栏');
    const passed = await submit(page, 'evaluate', { score_living: '88' });
    assert.equal(passed.status(), 200, await complaint(page));
    assert.equal((await staff.read(VILLAGE, household)).state, '村公示');
    await shot(page, 'recognition-publicity');
  });

  test('an objection stops the publicity until the town has looked into it', async () => {
    const objected = await staff.act(VILLAGE, household, 'object_village', {
      objection: '反映院内堆放杂物。',
    });
    if (objected) assert.equal(objected.state, '村公示异议核实');
    const reviewer = 'reviewer@wf-370102001';
    await staff.act(reviewer, household, 'dismiss_village_objection', {
      finding: '杂物已清理，异议不成立。',
    });
    assert.equal((await staff.read(VILLAGE, household)).state, '村公示');
  });

  let climbing;
  test('one whose publicity is over climbs from the town to the county and the city', async () => {
    // Publicity lasts five working days; the demonstration has records that have passed it.
    const [unit, number] = await waiting('town_check');
    const town = `reviewer@${unit}`;
    const passed = await staff.act(town, number, 'town_pass', {
      negative: 'none',
      check_note: '经核对，没有负面情形。',
    });
    if (passed) assert.equal(passed.state, '县验');
    const county = `reviewer@${unit.slice(0, 'wf-370102'.length)}`;
    assert.equal((await staff.read(county, number)).state, '县验');
    const page = await staff.page(county);
    await shot(page, 'recognition-county');
    assert.ok(await fitsAcross(page));
    const checked = await fields(page, 'county_pass');
    const climbed = await staff.act(county, number, 'county_pass', checked);
    if (climbed) assert.equal(climbed.state, '市认定');
    assert.equal((await staff.read('leader@wf-3701', number)).state, '市认定');
    await shot(await staff.page('leader@wf-3701'), 'recognition-city');
    climbing = { number, county: county.split('@')[1] };
  });

  test('the city makes it public, awards the plate, and the county looks again', async () => {
    const { number, county } = climbing;
    const named = await staff.act('leader@wf-3701', number, 'designate');
    if (named) assert.equal(named.state, '公示');
    await app.passes(PUBLICITY_DAYS * 24 * 60);
    // Nobody's session lasts so long.
    staff = new Staff(browser, app);
    const giver = 'handler@wf-3701';
    const deadline = Date.now() + SEEN_MS;
    while ((await staff.read(giver, number)).state !== '待授牌') {
      assert.ok(Date.now() < deadline, 'the publicity ends by itself');
      await pause(100);
    }
    await staff.act(giver, number, 'award', { awarded_on: app.time().day });
    const awarded = await staff.read(`handler@${county}`, number);
    assert.equal(awarded.state, '已授牌');
    await staff.act(`handler@${county}`, number, 'begin_recheck', { reason: '有群众反映庭院已荒废。' });
    const page = await staff.page(`handler@${county}`);
    await page.goto(`/cases/${number}`);
    const found = await fields(page, 'report_recheck');
    await staff.act(`handler@${county}`, number, 'report_recheck', found);
    await staff.act(`reviewer@${county}`, number, 'keep');
    assert.equal((await staff.read(`handler@${county}`, number)).state, '已授牌', 'it stays');
    await shot(page, 'recognition-kept');
  });

  /** A record that waits for a town, with the town's unit: one where somebody reviews. */
  async function waiting(state) {
    const page = await staff.page('leader@wf-3701');
    await page.goto(`/desk?flow=recognition&own=0&state=${state}`);
    const rows = await page.locator('main tbody tr').evaluateAll((all) => all.map((it) => ({
      number: it.querySelector('th a').textContent.trim(),
      unit: it.querySelector('[data-l="单位"]').textContent.trim(),
    })));
    const codes = await unitCodes();
    for (const { number, unit } of rows) {
      const town = codes.get(unit);
      const reviews = town && (await staff.page(`reviewer@${town}`).catch(() => null));
      if (!reviews) continue;
      await reviews.goto(`/cases/${number}`);
      if ((await offered(reviews)).includes('town_pass')) return [town, number];
    }
    return assert.fail(`no record in ${state} with somebody to review it`);
  }
});

/** Codes of the women's federations of towns, by short name; names that occur twice are left out. */
async function unitCodes() {
  const csv = await readFile(join(ROOT, 'packs/jinan/regions.csv'), 'utf8');
  const codes = new Map();
  for (const line of csv.split('\n')) {
    const [code, name, level] = line.split(',');
    if (level !== 'town') continue;
    const short = `${name}妇联`;
    codes.set(short, codes.has(short) ? null : `wf-${code.slice(0, 9)}`);
  }
  return codes;
}

/** Fills every field of an action with something that fits. */
async function fields(page, action) {
  const names = await page.locator(`#do-${action} [name]:not([type="hidden"])`).evaluateAll((all) =>
    all.map((it) => [it.name, it.type, it.value]));
  const given = {};
  for (const [name, type, value] of names) {
    if (type === 'file' || name in given) continue;
    const chosen = type === 'radio' || type === 'checkbox';
    given[name] = chosen ? value : FITS[type] ?? '已实地查验，情况属实。';
  }
  return given;
}

/** The number on the page that follows an opening: the receipt's, or the case's own. */
async function numberOf(page) {
  const link = page.locator('a[href^="/cases/"]').first();
  const path = new URL(page.url()).pathname;
  const where = path.startsWith('/cases/') ? path : await link.getAttribute('href');
  return where.split('/')[2];
}
