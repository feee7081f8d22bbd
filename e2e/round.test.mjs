// The whole round of one appeal: asked on a phone without scripts, passed on, returned, handled,
// reviewed, found wanting, handled again one level higher, rated and archived. At each step: the
// state, who is responsible, and what the resident reads.

import assert from 'node:assert/strict';
import { after, before, describe } from 'node:test';
import { startApp } from './lib/app.mjs';
import { axe, desktop, fitsAcross, openBrowser, phone, shot } from './lib/browser.mjs';
import { Staff, chain, fill, offered, send, submit } from './lib/desk.mjs';
import { follow, onward, picture, receipt, step, told } from './lib/resident.mjs';

const HOTLINE = '济南市热线中心';
const COUNTY = '历下区妇联';
const TOWN = '解放路街道妇联';
const CITY = '济南市妇联';

const SUMMARY = '村里分征地补偿款，说我是外嫁女不给分';
const STORY = '2026年春天开始分钱，村里说我户口虽在但嫁出去了，不算成员。找过村干部两次，没有书面答复。';
const SAFE = '只在工作日上午打电话，不要留言。';
const ANSWER = '经核实，您的户口未迁出，承包地未收回。已约谈村委会，责令其重新讨论分配方案。';
const SECOND_ANSWER = '区里已会同农业农村部门复核，村民会议重新表决，您的份额已补发到账。';

describe('the round of an appeal', () => {
  let app;
  let browser;
  let resident;
  let staff;
  let ticket;
  const test = chain();
  before(async () => {
    app = await startApp();
    browser = await openBrowser();
    resident = await phone(browser, app, { javaScriptEnabled: false });
    staff = new Staff(browser, app);
  });
  after(async () => {
    await browser?.close();
    await app?.stop();
  });

  /** What the resident reads now. */
  async function reads(name) {
    const answer = await follow(resident, ticket);
    assert.equal(answer.status(), 200);
    assert.equal(new URL(resident.url()).pathname, '/my');
    if (name) await shot(resident, `round-${name}`);
    return told(resident);
  }

  /** Does a step and compares state and unit with what is expected. */
  async function does(who, action, fields, expected) {
    const head = await staff.act(who, ticket.number, action, fields);
    if (expected) assert.deepEqual(head, expected, `after ${action}`);
  }

  test('a resident asks for help on a phone, without scripts', async () => {
    await resident.goto('/');
    await resident.locator('main a[href="/help"]').first().click();
    assert.equal((await resident.locator('h1').innerText()).trim(), '您遇到的是什么事？');
    await shot(resident, 'round-help-1');

    // Nothing chosen: told so, and asked again.
    assert.equal((await onward(resident)).status(), 422);
    assert.ok(await resident.locator('.error-summary').isVisible());
    await step(resident, { group: '07' });
    await shot(resident, 'round-help-2');
    await step(resident, { category: '0703' });

    // The sentence is forgotten; what was typed beside it stays.
    const form = resident.locator('main form');
    await fill(form, { narrative: STORY, county: '370102000000' });
    await onward(resident, 'area');
    await fill(form, { town: '370102001000', address: '解放路一带' });
    const refused = await onward(resident);
    assert.equal(refused.status(), 422);
    assert.match(await resident.title(), /1/);
    await shot(resident, 'round-help-3-error');
    assert.equal(await form.locator('[name="narrative"]').inputValue(), STORY);
    assert.equal(await form.locator('[name="address"]').inputValue(), '解放路一带');
    assert.equal(await form.locator('[name="town"]').inputValue(), '370102001000');
    await step(resident, { summary: SUMMARY });

    // A call is wished for and no telephone given; the other words stay.
    await fill(form, { anonymous: 'no', contact_name: '林女士', safe_contact: SAFE, relation: 'self' });
    assert.equal((await onward(resident)).status(), 422);
    await shot(resident, 'round-help-4-error');
    assert.equal(await form.locator('[name="safe_contact"]').inputValue(), SAFE);
    assert.ok(await form.locator('[name="relation"][value="self"]').isChecked());
    await step(resident, { contact_phone: '13900001234' });

    // Everything once more, all there.
    const facts = (await resident.locator('dl.facts').allInnerTexts()).join('\n');
    for (const part of [SUMMARY, STORY, SAFE, '林女士', '13900001234', '解放路']) {
      assert.ok(facts.includes(part), `${part} in ${facts}`);
    }
    assert.ok(await fitsAcross(resident));
    assert.equal((await onward(resident)).status(), 422, 'consent is needed');
    await fill(form, { consent: 'yes' });
    await form.locator('[name="files"]').setInputFiles([
      { name: '分配方案.png', mimeType: 'image/png', buffer: picture() },
    ]);
    await shot(resident, 'round-help-5');
    assert.equal((await onward(resident)).status(), 200);
    ticket = await receipt(resident);
    assert.match(ticket.number, /^\d\d-\d{4}-\d{4}-\d$/);
    assert.match(ticket.secret, /^[0-9A-HJKMNP-TV-Z]{26}$/);
    await shot(resident, 'round-receipt');
    assert.ok(!resident.url().includes(ticket.number), 'no number in the address');

    const { heading, events } = await reads('my-received');
    assert.equal(heading, '已收到，等待登记');
    assert.deepEqual(events, ['已收到']);
  });

  test('the operator registers, triage sends it to the county', async () => {
    assert.deepEqual(await staff.read('operator@hotline-3701', ticket.number), {
      state: '待登记',
      unit: HOTLINE,
    });
    const page = await staff.page('operator@hotline-3701');
    const body = await page.locator('main').innerText();
    for (const part of [SUMMARY, STORY, SAFE]) assert.ok(body.includes(part), `${part} is shown`);
    assert.equal(await page.locator('a[href*="/files/"]').count(), 0, 'evidence is for its handler');
    await does('operator@hotline-3701', 'register', {}, { state: '已登记', unit: HOTLINE });
    await does('operator@hotline-3701', 'to_triage', {}, { state: '待分级', unit: HOTLINE });
    assert.equal((await reads()).heading, '正在研判由谁办理');
    await does('triage@hotline-3701', 'dispatch', { instruction: '请依法核实成员资格。' }, {
      state: '待签收',
      unit: COUNTY,
    });
    await shot(await staff.page('triage@hotline-3701'), 'round-dispatched');
    assert.equal((await reads('my-accepted')).heading, '已受理，已交承办单位');
  });

  test('the county returns it once, and the town gets it', async () => {
    await does('handler@wf-370102', 'return', {
      return_reason: 'wrong_area',
      reason: '由镇街先行核实更便于办理。',
    });
    const triage = 'triage@hotline-3701';
    assert.deepEqual(await staff.read(triage, ticket.number), { state: '退回', unit: HOTLINE });
    assert.equal((await reads()).heading, '已受理，正在重新确定承办单位');
    const sent = { unit: 'wf-370102001', instruction: '请五个工作日内答复。' };
    await does('dispatcher@hotline-3701', 'redispatch', sent, { state: '待签收', unit: TOWN });
  });

  test('the town signs, answers, and a reviewer approves', async () => {
    const handler = 'handler@wf-370102001';
    await staff.read(handler, ticket.number);
    await shot(await staff.page(handler), 'round-assigned');
    await does(handler, 'sign', {}, { state: '办理中', unit: TOWN });
    assert.equal((await reads()).heading, '承办单位正在办理');

    const page = await staff.page(handler);
    const file = await page.request.get(await page.locator('a[href*="/files/"]').getAttribute('href'));
    assert.equal(file.status(), 200);
    const bytes = await file.body();
    assert.ok(bytes.includes('IDAT') && !bytes.includes('taken at home'), 'a picture without its origin');

    // An answer without a result is refused, and stays.
    assert.equal((await submit(page, 'submit_reply', { answer: ANSWER })).status(), 422);
    await shot(page, 'round-reply-error');
    assert.equal(await page.locator('#do-submit_reply [name="answer"]').inputValue(), ANSWER);
    const answer = await submit(page, 'submit_reply', { outcome: 'resolved' });
    assert.equal(answer.status(), 200);

    const reviewer = 'reviewer@wf-370102001';
    assert.deepEqual(await staff.read(reviewer, ticket.number), { state: '待审核', unit: TOWN });
    assert.ok(!(await reads()).events.includes('已作出答复'));
    await does(reviewer, 'approve_reply');
    const { heading, events } = await reads('my-answered');
    assert.equal(heading, '已有答复，等待您的评价');
    assert.ok(events.includes('已作出答复'));
    assert.ok((await resident.locator('main').innerText()).includes(ANSWER));
  });

  test('whoever handled it may not make the return visit', async () => {
    const page = await staff.page('handler@wf-370102001');
    const answer = await page.goto(`/cases/${ticket.number}`);
    assert.ok([200, 404].includes(answer.status()));
    const actions = await offered(page);
    for (const action of ['record_visit', 'visit_dissatisfied', 'try_contact']) {
      assert.ok(!actions.includes(action), `${action} is not for the handling unit`);
    }
  });

  test('dissatisfied on the return visit: the county handles it now', async () => {
    const visitor = 'visitor@hotline-3701';
    const queue = await staff.page(visitor);
    await queue.goto('/visits');
    await shot(queue, 'round-visits');
    const mine = queue.locator(`a[href="/cases/${ticket.number}"]`);
    assert.ok((await mine.count()) > 0, 'in the queue');
    await does(visitor, 'visit_dissatisfied', {
      attitude: '3',
      result: '2',
      visit_note: '本人说补偿款仍没有到账。',
    }, { state: '办理中', unit: COUNTY });
    const { heading, events } = await reads('my-reopened');
    assert.equal(heading, '承办单位正在办理');
    assert.equal(events.at(-1), '因不满意，交上一级重新办理');
  });

  test('the county answers, and it is reviewed again', async () => {
    await does('handler@wf-370102', 'submit_reply', { answer: SECOND_ANSWER, outcome: 'resolved' });
    await does('reviewer@wf-370102', 'approve_reply');
    assert.deepEqual(await staff.read('leader@wf-3701', ticket.number), {
      state: '待回访',
      unit: CITY,
    });
  });

  test('the resident follows with number and secret and is satisfied', async () => {
    assert.equal((await reads('my-second-answer')).heading, '已有答复，等待您的评价');
    assert.ok((await resident.locator('main').innerText()).includes(SECOND_ANSWER));
    const rating = resident.locator('#rating form');
    await fill(rating, { attitude: '5' });
    const refused = await send(resident, rating.locator('.acts button'));
    assert.equal(refused.status(), 422, 'both questions are asked');
    assert.ok(await rating.locator('[name="attitude"][value="5"]').isChecked());
    await fill(rating, { result: '4', visit_note: '谢谢，钱已经到账。' });
    const rated = await send(resident, rating.locator('.acts button'));
    assert.equal(rated.status(), 200);
    await shot(resident, 'round-my-rated');
    assert.equal((await told(resident)).heading, '已办结');
  });

  test('it is archived, and the timeline tells the whole round', async () => {
    const archivist = 'archivist@hotline-3701';
    assert.equal((await staff.read(archivist, ticket.number)).state, '办结');
    await does(archivist, 'archive');
    const head = await staff.read('leader@wf-3701', ticket.number);
    assert.equal(head.state, '归档');
    const page = await staff.page('leader@wf-3701');
    await shot(page, 'round-archived');
    assert.deepEqual(await axe(page), []);
    const titles = await page.locator('#h-tl').locator('xpath=../..').locator('ol.timeline > li > b')
      .allInnerTexts();
    const round = [
      '登记', '转分级', '受理并按规则派单', '退回', '改派', '签收', '提交答复', '同意答复，转回访',
      '不满意，上一级重新办理', '提交答复', '同意答复，转回访', '评价并办结', '归档',
    ];
    const happened = titles.map((it) => it.trim());
    const forwards = happened.indexOf('归档') === 0 ? [...happened].reverse() : happened;
    assert.deepEqual(forwards.filter((it) => round.includes(it)), round);

    const { heading, events } = await reads('my-archived');
    assert.equal(heading, '已办结');
    assert.deepEqual(events, [
      '已收到', '工作人员已登记', '已受理，已交承办单位', '承办单位已签收', '已作出答复',
      '因不满意，交上一级重新办理', '已作出答复', '您已作出评价',
    ]);
  });

  test('another visitor sees nothing of it', async () => {
    const other = await desktop(browser, app);
    await other.goto('/my');
    assert.equal(new URL(other.url()).pathname, '/track');
    await other.context().close();
  });
});
