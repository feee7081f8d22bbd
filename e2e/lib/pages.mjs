// The pages of the program. One line here puts a page under every check and every picture; a page
// of the route table that has none fails a test of the pages (`crates/web/tests/english.rs`).

/** `path`, the `name` of its picture, and the most bytes it may cost over the wire. */
export const PUBLIC_PAGES = [
  { path: '/', name: 'home', mostBytes: 100_000 },
  { path: '/help', name: 'help', mostBytes: 60_000 },
  { path: '/help?c=02', name: 'help-kind', mostBytes: 60_000 },
  { path: '/track', name: 'track', mostBytes: 100_000 },
  { path: '/login', name: 'login', mostBytes: 100_000 },
  { path: '/about', name: 'about', mostBytes: 100_000 },
  { path: '/privacy', name: 'privacy', mostBytes: 100_000 },
  { path: '/accessibility', name: 'accessibility', mostBytes: 100_000 },
  { path: '/projects/public', name: 'projects-public', mostBytes: 100_000 },
  { path: '/news', name: 'news', mostBytes: 100_000 },
  { path: '/no-such-page', name: 'not-found', mostBytes: 100_000, status: 404 },
];

/**
 * Pages of staff: who looks, at what. `{case}` stands for a case that the viewer finds first in
 * the list `of`, `{paper}` for the first paper of that case, and `{number}` for that of the
 * first address in the list that begins with `link`.
 */
export const STAFF_PAGES = [
  { who: 'operator@hotline-3701', path: '/desk', name: 'desk-operator' },
  { who: 'operator@hotline-3701', path: '/call', name: 'call' },
  { who: 'operator@hotline-3701', path: '/new/appeal', name: 'new-appeal' },
  { who: 'operator@hotline-3701', path: '/search', name: 'search' },
  { who: 'triage@hotline-3701', path: '/desk?flow=appeal&state=triage', name: 'desk-triage' },
  { who: 'triage@hotline-3701', path: '{case}', of: '/desk?flow=appeal&state=triage', name: 'case-triage' },
  { who: 'dispatcher@hotline-3701', path: '{case}', of: '/desk?flow=appeal&state=returned', name: 'case-returned' },
  { who: 'handler@wf-370102', path: '/desk', name: 'desk-county' },
  { who: 'handler@wf-370102', path: '{case}', of: '/desk?flow=appeal&state=handling', name: 'case-handling' },
  { who: 'handler@wf-370102', path: '{paper}', of: '/desk?flow=appeal&state=handling', name: 'paper' },
  { who: 'handler@wf-370102', path: '{case}/rights', of: '/desk?flow=appeal&state=handling', name: 'case-rights' },
  { who: 'handler@wf-370102', path: '/notices', name: 'notices' },
  { who: 'handler@wf-370102', path: '/traces/mine', name: 'traces-mine' },
  { who: 'handler@wf-370102', path: '/glass', name: 'glass' },
  { who: 'handler@wf-370102001', path: '/desk', name: 'desk-town' },
  { who: 'handler@wf-370102001', path: '/new/mediation', name: 'new-mediation' },
  { who: 'handler@wf-370102001002', path: '/desk', name: 'desk-village' },
  { who: 'handler@wf-370102001002', path: '/new/recognition', name: 'new-recognition' },
  { who: 'reviewer@wf-370102', path: '/desk', name: 'desk-reviewer' },
  { who: 'reviewer@wf-370102', path: '{case}', of: '/desk?flow=appeal&state=review', name: 'case-review' },
  { who: 'visitor@hotline-3701', path: '/visits', name: 'visits' },
  { who: 'visitor@hotline-3701', path: '{case}', of: '/desk?flow=appeal&state=visiting', name: 'case-visiting' },
  { who: 'county_visitor@wf-370102', path: '/visits', name: 'visits-county' },
  { who: 'agency@police-370102', path: '/desk?state=~co', name: 'desk-agency' },
  { who: 'leader@wf-3701', path: '/board', name: 'board' },
  { who: 'leader@wf-3701', path: '/board/wf-370102', name: 'board-county' },
  { who: 'leader@wf-3701', path: '{case}/secrecy', of: '/desk?flow=appeal&own=0&light=red', name: 'case-secrecy' },
  { who: 'leader@wf-3701', path: '{case}/why', of: '/desk?flow=appeal&own=0&light=red', name: 'case-why' },
  { who: 'leader@wf-3701', path: '{case}/readers', of: '/desk?flow=appeal&own=0&light=red', name: 'case-readers' },
  { who: 'leader@wf-3701', path: '/figures', name: 'figures' },
  { who: 'leader@wf-3701', path: '/figures/appeals_received?unit=wf-3701&period=2026', name: 'figure' },
  { who: 'leader@wf-370102', path: '/figures/appeals_received?unit=wf-370102&period=2026', name: 'figure-county' },
  { who: 'leader@wf-3701', path: '/reports', name: 'reports' },
  { who: 'leader@wf-3701', path: '/reports?form=province_annual', name: 'reports-annual' },
  { who: 'leader@wf-3701', path: '/releases', name: 'releases' },
  { who: 'leader@wf-3701', path: '/releases/claims', name: 'releases-claims' },
  { who: 'leader@wf-3701', path: '/releases/try', name: 'releases-try' },
  { who: 'leader@wf-3701', path: '/releases/{number}', of: '/releases', link: '/news/2', name: 'release' },
  { who: 'leader@wf-3701', path: '/news/{number}', of: '/news', link: '/news/2', name: 'news-one' },
  { who: 'handler@wf-370102001', path: '/new/report', name: 'new-report' },
  { who: 'leader@wf-3701', path: '{case}/figures', of: '/desk?flow=report&own=0', name: 'report-figures' },
  { who: 'leader@wf-3701', path: '{case}/figures/0/0', of: '/desk?flow=report&own=0', name: 'report-records' },
  { who: 'leader@wf-3701', path: '/projects', name: 'projects' },
  { who: 'leader@wf-3701', path: '{case}', of: '/projects', name: 'case-project' },
  { who: 'leader@wf-3701', path: '/board?workflow=recognition', name: 'board-recognition' },
  { who: 'leader@wf-3701', path: '/desk?flow=appeal&own=0&light=red', name: 'desk-late' },
  { who: 'leader@wf-3701', path: '{case}', of: '/desk?flow=appeal&own=0&light=red', name: 'case-late' },
  { who: 'leader@wf-3701', path: '{case}', of: '/desk?flow=mediation&own=0', name: 'case-mediation' },
  { who: 'leader@wf-3701', path: '{case}/rights', of: '/desk?flow=appeal&state=closed', name: 'case-rights-closed' },
  { who: 'leader@wf-3701', path: '{case}', of: '/desk?flow=recognition&own=0', name: 'case-recognition' },
  { who: 'leader@wf-3701', path: '/desk?flow=appeal&unit=wf-370113', name: 'desk-unit' },
  { who: 'leader@wf-3701', path: '/desk?flow=appeal&category=08&light=red&grade=green', name: 'desk-empty' },
  { who: 'leader@wf-3701', path: '/cases/26-0000-0000-0', name: 'case-unknown', status: 404 },
  { who: 'archivist@hotline-3701', path: '/desk?flow=appeal&state=closed', name: 'desk-archivist' },
  { who: 'statistician@wf-3701', path: '/board', name: 'board-statistician' },
  { who: 'system_admin@wf-3701', path: '/desk', name: 'desk-nobody' },
  { who: 'handler@wf-370102', path: '/me', name: 'me' },
  { who: 'handler@wf-370102', path: '/login/factor', name: 'factor' },
  { who: 'leader@wf-3701', path: '/exports', name: 'exports' },
  { who: 'leader@wf-3701', path: '/login/pledge', name: 'pledge' },
  { who: 'security_admin@wf-3701', path: '/people/pledges', name: 'pledges' },
  { who: 'audit_admin@wf-3701', path: '/traces/tag?tag=AAAA-AAAA-AAAA', name: 'traces-tag' },
  { who: 'leader@wf-3701', path: '/traces', name: 'traces-leader' },
  { who: 'audit_admin@wf-3701', path: '/traces', name: 'traces-audit' },
  { who: 'audit_admin@wf-3701', path: '/traces/people/1', name: 'traces-person' },
  { who: 'system_admin@wf-3701', path: '/people', name: 'people' },
  { who: 'system_admin@wf-3701', path: '/people/1', name: 'people-one' },
  { who: 'system_admin@wf-3701', path: '/people/new', name: 'people-new' },
  { who: 'system_admin@wf-3701', path: '/setup', name: 'setup' },
  { who: 'system_admin@wf-3701', path: '/setup/workflows/appeal', name: 'setup-flow' },
  { who: 'system_admin@wf-3701', path: '/setup/categories', name: 'setup-categories' },
  { who: 'system_admin@wf-3701', path: '/setup/units', name: 'setup-units' },
  { who: 'system_admin@wf-3701', path: '/setup/units/wf-370102', name: 'setup-unit' },
  { who: 'system_admin@wf-3701', path: '/setup/messages', name: 'setup-messages' },
  { who: 'system_admin@wf-3701', path: '/setup/moving', name: 'setup-moving' },
  { who: 'system_admin@wf-3701', path: '/setup/roles', name: 'setup-roles' },
  { who: 'system_admin@wf-3701', path: '/setup/processing', name: 'setup-processing' },
  { who: 'system_admin@wf-3701', path: '/setup/certificates', name: 'setup-certificates' },
  { who: 'system_admin@wf-3701', path: '/setup/clocks', name: 'setup-clocks' },
  { who: 'system_admin@wf-3701', path: '/setup/routing', name: 'setup-routing' },
  { who: 'system_admin@wf-3701', path: '/setup/routing/dry-run?category=0201&place=370102001000&grade=orange&channel=call', name: 'setup-dry-run' },
];

/**
 * The address behind a line of the list: `{case}` becomes the first case that the viewer's list
 * holds (what follows it stays), `{paper}` the first paper of the first case that has one.
 */
export async function addressOf(page, { path, of, link }) {
  if (!of) return path;
  await page.goto(of);
  if (link) {
    const first = await page.locator(`main a[href^="${link}"]`).first().getAttribute('href');
    return path.replace('{number}', first.split('/').pop());
  }
  const links = page.locator('main tbody th a[href^="/cases/"]');
  const cases = await links.evaluateAll((all) => all.map((it) => it.getAttribute('href')));
  if (cases.length === 0) throw new Error(`${of} lists no case`);
  if (path.startsWith('{case}')) return path.replace('{case}', cases[0]);
  for (const one of cases) {
    await page.goto(one);
    const papers = page.locator('a[href*="/papers/"]');
    if ((await papers.count()) > 0) return papers.first().getAttribute('href');
  }
  throw new Error(`no case of ${of} has a paper`);
}
