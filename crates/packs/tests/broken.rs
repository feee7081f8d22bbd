//! One wrong word in a pack, and the fault that must name its file, its line and what to do.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as loudly as the tests themselves")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use domain::pack::Matter;
use packs::Fault;

/// A change to one file of a sound pack, and the fault that follows.
struct Case {
    /// File in which `find` is replaced, counted from the folder of a pack.
    file: &'static str,
    find: &'static str,
    replace: &'static str,
    /// Where the fault must stand: a file, and text on that line after the change.
    fault_in: &'static str,
    line_with: &'static str,
    /// Words of the fault or of its advice.
    words: &'static [&'static str],
}

const PRESS: &str = "common/press.toml";
const APPEAL: &str = "common/workflows/appeal.toml";

const MEDIATION: &str = "common/workflows/mediation.toml";
const SECRECY: &str = "common/secrecy.toml";

const RECEIVED: &str = "common/figures/appeals_received.toml";
const CLOSED: &str = "common/figures/appeals_closed.toml";
const PEOPLE: &str = "common/figures/appeals_people.toml";
const OPEN_NOW: &str = "common/figures/appeals_open.toml";
const DAYS: &str = "common/figures/extension_days.toml";
const VISITED: &str = "common/figures/appeals_visited.toml";
const ANSWERS: &str = "common/figures/appeal_answers.toml";
const FORM: &str = "common/forms/province_annual.toml";
const REPORT: &str = "common/workflows/report.toml";
const MAP: &str = "city/map.csv";

#[rustfmt::skip]
const CASES: &[Case] = &[
    // Figures.
    Case { file: RECEIVED, find: "word = \"件\"", replace: "word = \"只\"", fault_in: RECEIVED, line_with: "word = \"只\"", words: &["unknown word `只`", "人次"] },
    Case { file: RECEIVED, find: "nature = \"flow\"", replace: "nature = \"stock\"", fault_in: RECEIVED, line_with: "[[version]]\nnumber = 1", words: &["what stands on a day is a stock", "in_state"] },
    Case { file: RECEIVED, find: "workflow = \"appeal\"", replace: "workflow = \"apeal\"", fault_in: RECEIVED, line_with: "workflow = \"apeal\"", words: &["unknown workflow `apeal`"] },
    Case { file: RECEIVED, find: "owner = \"wf\"", replace: "owner = \"ww\"", fault_in: RECEIVED, line_with: "owner = \"ww\"", words: &["unknown unit kind `ww`"] },
    Case { file: RECEIVED, find: "since = \"2018-01-01\"", replace: "since = \"2018\"", fault_in: RECEIVED, line_with: "[[version]]\nnumber = 1", words: &["2018 is no day"] },
    Case { file: RECEIVED, find: "measure = \"opened\"", replace: "measure = \"wished\"", fault_in: RECEIVED, line_with: "wished", words: &["unknown word `wished`", "entered"] },
    Case { file: RECEIVED, find: "measure = \"opened\"", replace: "measure = \"opened\"\ncategory = [\"9999\"]", fault_in: RECEIVED, line_with: "9999", words: &["unknown category `9999`"] },
    Case { file: RECEIVED, find: "measure = \"opened\"", replace: "measure = \"opened\"\nfields = { relation = [\"cousin\"] }", fault_in: RECEIVED, line_with: "cousin", words: &["unknown value `cousin`"] },
    Case { file: RECEIVED, find: "measure = \"opened\"", replace: "measure = \"opened\"\n[[version]]\nnumber = 2\nsince = \"2017-01-01\"\nmeasure = \"opened\"", fault_in: RECEIVED, line_with: "[[version]]\nnumber = 2", words: &["version 2 does not follow"] },
    Case { file: CLOSED, find: "\"archived\"]", replace: "\"archive\"]", fault_in: CLOSED, line_with: "\"archive\"", words: &["unknown state `archive`"] },
    Case { file: CLOSED, find: "take = \"standing\"", replace: "take = \"some\"", fault_in: CLOSED, line_with: "some", words: &["unknown word `some`", "standing"] },
    Case { file: PEOPLE, find: "distinct = \"contact_phone\"\n", replace: "", fault_in: PEOPLE, line_with: "[[version]]", words: &["人 and a key do not go together", "distinct"] },
    Case { file: PEOPLE, find: "distinct = \"contact_phone\"", replace: "distinct = \"summary\"", fault_in: PEOPLE, line_with: "[[version]]", words: &["`summary` does not tell persons apart"] },
    Case { file: PEOPLE, find: "word = \"人\"", replace: "word = \"人次\"", fault_in: PEOPLE, line_with: "[[version]]", words: &["人次 and a key do not go together"] },
    Case { file: OPEN_NOW, find: "\"handling\", ", replace: "\"handing\", ", fault_in: OPEN_NOW, line_with: "\"handing\"", words: &["unknown state `handing`"] },
    Case { file: DAYS, find: "field = \"days\"", replace: "field = \"reason\"", fault_in: DAYS, line_with: "[[version]]", words: &["`reason` is no number"] },
    Case { file: DAYS, find: "[\"request_extension\"]", replace: "[\"sign\"]", fault_in: DAYS, line_with: "[[version]]", words: &["`sign` does not ask for `days`"] },
    Case { file: VISITED, find: "\"rate\",", replace: "\"rat\",", fault_in: VISITED, line_with: "\"rat\"", words: &["unknown action `rat`"] },
    Case { file: VISITED, find: "take = \"every\"", replace: "take = \"standing\"", fault_in: VISITED, line_with: "[[version]]", words: &["only a state that was entered can stand"] },
    Case { file: ANSWERS, find: "answer_letter\"]", replace: "answer\"]", fault_in: ANSWERS, line_with: "\"answer\"]", words: &["unknown document `answer`"] },
    Case { file: ANSWERS, find: "name = \"答复书\"\nen = \"Letters of answer\"", replace: "name = \"答复书\"", fault_in: ANSWERS, line_with: "name = \"答复书\"", words: &["`name` has no English"] },
    Case { file: RECEIVED, find: "code = \"appeals_received\"", replace: "code = \"appeals_got\"", fault_in: RECEIVED, line_with: "code = \"appeals_got\"", words: &["stands in a file of another name", "name the file appeals_got.toml"] },
    Case { file: RECEIVED, find: "measure = \"opened\"", replace: "measure = \"opened\"\nprogramme = [\"nothing\"]", fault_in: RECEIVED, line_with: "nothing", words: &["unknown programme of this workflow `nothing`"] },
    Case { file: RECEIVED, find: "measure = \"opened\"", replace: "measure = \"opened\"\nday = \"summary\"", fault_in: RECEIVED, line_with: "[[version]]\nnumber = 1", words: &["`summary` holds no day", "of type date"] },
    Case { file: VISITED, find: "take = \"every\" } }", replace: "take = \"every\" } }\nday = \"summary\"", fault_in: VISITED, line_with: "[[version]]", words: &["cannot date what happens many times"] },
    Case { file: OPEN_NOW, find: "word = \"件\"", replace: "word = \"人\"", fault_in: OPEN_NOW, line_with: "[[version]]", words: &["distinct persons are neither a stock"] },
    Case { file: DAYS, find: "word = \"天\"", replace: "word = \"人\"", fault_in: DAYS, line_with: "[[version]]", words: &["a sum has no persons to tell apart"] },
    Case { file: "common/forms/monthly.toml", find: "sample_percent = 10", replace: "sample_percent = 9", fault_in: "common/forms/monthly.toml", line_with: "code = \"monthly\"", words: &["9 in a hundred are not enough", "between 10 and 100"] },
    // Forms of the upper level, and where districts are drawn.
    Case { file: FORM, find: "figure = \"appeals_closed\"", replace: "figure = \"appeals_shut\"", fault_in: FORM, line_with: "code = \"province_annual\"", words: &["unknown figure `appeals_shut`"] },
    Case { file: FORM, find: "number = \"A2\"", replace: "number = \"A1\"", fault_in: FORM, line_with: "[[cell]]\nnumber = \"A1\"\nlabel = \"收到诉求（上年）\"", words: &["the cell `A1` stands in the form twice"] },
    Case { file: FORM, find: "span = \"before\"", replace: "span = \"later\"", fault_in: FORM, line_with: "later", words: &["unknown word `later`", "up_to"] },
    Case { file: FORM, find: "label_en = \"Appeals closed, this year\"", replace: "label_en = \"\"", fault_in: FORM, line_with: "[[cell]]\nnumber = \"A3\"", words: &["write number, label and label_en"] },
    Case { file: FORM, find: "asked_by = \"省妇女联合会\"\nasked_by_en = \"Provincial women's federation\"\n", replace: "", fault_in: FORM, line_with: "code = \"province_annual\"", words: &["has cells and nobody who asks"] },
    Case { file: REPORT, find: ", \"system@anywhere\"]", replace: "]", fault_in: FORM, line_with: "code = \"province_annual\"", words: &["nothing can open the form `province_annual` by itself", "system@anywhere"] },
    Case { file: REPORT, find: "effects = [{ look = { field = \"seen\", tells = \"found\" } }]\n", replace: "", fault_in: REPORT, line_with: "from = [\"submitted\"]\nto = \"checked\"", words: &["effect look from the state `submitted`"] },
    Case { file: REPORT, find: "tells = \"found\"", replace: "tells = \"form\"", fault_in: REPORT, line_with: "tells = \"form\"", words: &["field of text `form`"] },
    Case { file: FORM, find: "every = \"year\"", replace: "every = \"year\"\nfigures = [\"appeals_open\"]", fault_in: FORM, line_with: "code = \"province_annual\"", words: &["has both figures and cells"] },
    Case { file: MAP, find: "990101000000,3,1", replace: "990101000000,1,2", fault_in: MAP, line_with: "990121000000,1,2", words: &["stands on the tile of `990101000000`"] },
    Case { file: MAP, find: "990101000000,3,1", replace: "990101000000,3,99", fault_in: MAP, line_with: "990101000000,3,99", words: &["the row is no tile", "1 to 24"] },
    Case { file: MAP, find: "990101000000,3,1", replace: "990199000000,3,1", fault_in: MAP, line_with: "990199000000,3,1", words: &["unknown region `990199000000`"] },
    Case { file: MAP, find: "990101000000,3,1\n", replace: "", fault_in: MAP, line_with: "990121000000,1,2", words: &["leaves out `990101000000`"] },
    // Words and sentences of the press.
    Case { file: PRESS, find: "text = \"2024年，调处矛盾纠纷{disputes_mediated 2024 余1}件。\"", replace: "text = \"2024年，调处矛盾纠纷{disputes_mediated 2024 余1}户。\"", fault_in: PRESS, line_with: "code = \"disputes_of_the_year\"", words: &["counts 件, and the sentence says 户", "write 件"] },
    Case { file: PRESS, find: "{disputes_mediated 2024 余1}", replace: "{disputes_mediated 2024", fault_in: PRESS, line_with: "code = \"disputes_of_the_year\"", words: &["never closed"] },
    Case { file: "common/figures/disputes_mediated.toml", find: "word = \"件\"", replace: "word = \"次\"", fault_in: PRESS, line_with: "code = \"disputes_of_the_year\"", words: &["counts 次, and the sentence says 件"] },
    Case { file: "common/figures/disputes_mediated.toml", find: "nature = \"flow\"", replace: "nature = \"cumulative\"", fault_in: PRESS, line_with: "code = \"disputes_of_the_year\"", words: &["counts from the beginning", "2024年"] },
    Case { file: PRESS, find: "day = \"2025-02-08\"", replace: "day = \"2025\"", fault_in: PRESS, line_with: "code = \"disputes_of_the_year\"", words: &["2025 is no day"] },
    Case { file: PRESS, find: "\"累计\", ", replace: "\"累计\", \"去年\", ", fault_in: PRESS, line_with: "# 新闻稿用语", words: &["“去年” stands in `cumulative` and in `last_year`"] },
    Case { file: PRESS, find: "\"对\", ", replace: "\"对\", \"人\", ", fault_in: PRESS, line_with: "# 新闻稿用语", words: &["“人” counts two things"] },
    Case { file: PRESS, find: "small_below = 5", replace: "small_below = 1", fault_in: PRESS, line_with: "# 新闻稿用语", words: &["nothing would be hidden"] },
    // References of a workflow.
    Case { file: APPEAL, find: "to = \"registered\"", replace: "to = \"regsitered\"", fault_in: APPEAL, line_with: "to = \"regsitered\"", words: &["unknown state `regsitered`"] },
    Case { file: APPEAL, find: "from = [\"answered\"]", replace: "from = [\"answred\"]", fault_in: APPEAL, line_with: "from = [\"answred\"]", words: &["unknown state `answred`"] },
    Case { file: APPEAL, find: "pattern = \"CASE\"", replace: "pattern = \"CASUS\"", fault_in: APPEAL, line_with: "CASUS", words: &["unknown word `CASUS`", "MED", "PROJ"] },
    Case { file: APPEAL, find: "{ climbs = \"level\" }", replace: "{ climbs = \"instruction\" }", fault_in: APPEAL, line_with: "fields = [\"level!\", \"instruction!\"]", words: &["unknown required choice of the action `instruction`"] },
    Case { file: APPEAL, find: "fields = [\"level!\", \"instruction!\"]", replace: "fields = [\"level\", \"instruction!\"]", fault_in: APPEAL, line_with: "fields = [\"level\", \"instruction!\"]", words: &["unknown required choice of the action `level`"] },
    Case { file: APPEAL, find: "initial = \"received\"", replace: "initial = \"recieved\"", fault_in: APPEAL, line_with: "initial = \"recieved\"", words: &["unknown state `recieved`"] },
    Case { file: APPEAL, find: "role = \"reviewer\"", replace: "role = \"reviwer\"", fault_in: APPEAL, line_with: "role = \"reviwer\"", words: &["unknown role `reviwer`"] },
    Case { file: APPEAL, find: "by = [\"reviewer@covering\"]", replace: "by = [\"checker@covering\"]", fault_in: APPEAL, line_with: "checker@covering", words: &["unknown role `checker`"] },
    Case { file: APPEAL, find: "by = [\"reviewer@covering\"]", replace: "by = [\"reviewer@beside\"]", fault_in: APPEAL, line_with: "reviewer@beside", words: &["no relation `beside`", "anywhere"] },
    Case { file: APPEAL, find: "by = [\"reviewer@covering\"]", replace: "by = [\"reviewer\"]", fault_in: APPEAL, line_with: "by = [\"reviewer\"]", words: &["names no relation"] },
    Case { file: APPEAL, find: "fields = [\"unit!\", \"instruction\"]", replace: "fields = [\"office!\", \"instruction\"]", fault_in: APPEAL, line_with: "\"office!\"", words: &["unknown field `office`"] },
    Case { file: APPEAL, find: "clock = \"forward\"", replace: "clock = \"foward\"", fault_in: APPEAL, line_with: "clock = \"foward\"", words: &["unknown clock `foward`"] },
    Case { file: APPEAL, find: "{ start_clock = \"overall\" }", replace: "{ start_clock = \"total\" }", fault_in: APPEAL, line_with: "\"total\"", words: &["unknown clock `total`"] },
    Case { file: APPEAL, find: "{ document = \"transfer_letter\" }", replace: "{ document = \"letter\" }", fault_in: APPEAL, line_with: "{ document = \"letter\" }", words: &["unknown document `letter`"] },
    Case { file: APPEAL, find: "{ notify = \"suspended\" }", replace: "{ notify = \"stopped\" }", fault_in: APPEAL, line_with: "{ notify = \"stopped\" }", words: &["unknown message `stopped`"] },
    Case { file: APPEAL, find: "unit = { desk = \"hotline\" }", replace: "unit = { desk = \"phones\" }", fault_in: APPEAL, line_with: "unit = { desk = \"phones\" }", words: &["unknown unit kind `phones`"] },
    Case { file: APPEAL, find: "by_grade = { red = \"24h\", orange = \"3wd\" }", replace: "by_grade = { pink = \"24h\" }", fault_in: APPEAL, line_with: "pink", words: &["unknown grade `pink`"] },
    Case { file: APPEAL, find: "{ grade_in = [\"red\"] }", replace: "{ grade_in = [\"scarlet\"] }", fault_in: APPEAL, line_with: "scarlet", words: &["unknown grade `scarlet`"] },
    Case { file: APPEAL, find: "{ flagged = \"reopened\" }", replace: "{ flagged = \"again\" }", fault_in: APPEAL, line_with: "{ flagged = \"again\" }", words: &["unknown flag `again`"] },
    Case { file: APPEAL, find: "{ not_actor_of = [\"propose_refusal\"] }", replace: "{ not_actor_of = [\"propose\"] }", fault_in: APPEAL, line_with: "[\"propose\"]", words: &["unknown action `propose`"] },
    Case { file: APPEAL, find: "{ drop_tasks = \"co\" }", replace: "{ drop_tasks = \"help\" }", fault_in: APPEAL, line_with: "{ drop_tasks = \"help\" }", words: &["unknown task kind `help`"] },
    // Writing.
    Case { file: APPEAL, find: "guards = [{ grade_in", replace: "guards = [{ grade_is", fault_in: APPEAL, line_with: "grade_is", words: &["unknown word `grade_is`", "grade_in"] },
    Case { file: APPEAL, find: "effects = [\"resume_clocks\"]", replace: "effects = [\"wind_clocks\"]", fault_in: APPEAL, line_with: "wind_clocks", words: &["unknown word `wind_clocks`"] },
    Case { file: APPEAL, find: "span = \"13wd\"", replace: "span = \"13days\"", fault_in: APPEAL, line_with: "13days", words: &["`13days` has an unknown unit", "wd (working days)"] },
    Case { file: APPEAL, find: "span = \"15wd\"", replace: "span = \"0wd\"", fault_in: APPEAL, line_with: "0wd\"", words: &["has no length"] },
    Case { file: APPEAL, find: "span = \"90d\"", replace: "span = \"900d\"", fault_in: APPEAL, line_with: "code = \"merged\"\nname = \"合并件", words: &["longer than 400 days"] },
    Case { file: APPEAL, find: "tone = \"danger\"", replace: "tonne = \"danger\"", fault_in: APPEAL, line_with: "tonne", words: &["unknown key `tonne`", "tone"] },
    Case { file: APPEAL, find: "name = \"归档\"\nen = \"Archive\"", replace: "name = \"归档\nen = \"Archive\"", fault_in: APPEAL, line_with: "name = \"归档\n", words: &["not valid TOML"] },
    Case { file: APPEAL, find: "code = \"rework_forwarded\"", replace: "code = \"rework\"", fault_in: APPEAL, line_with: "code = \"rework\"\nname = \"退回，继续", words: &["`rework` is given twice", "first in line"] },
    Case { file: APPEAL, find: "code = \"rework\"", replace: "code = \"Re-work\"", fault_in: APPEAL, line_with: "Re-work", words: &["not a code"] },
    Case { file: APPEAL, find: "type = \"text\"\nmax = 5000", replace: "type = \"text\"", fault_in: APPEAL, line_with: "code = \"narrative\"\n", words: &["`narrative` is not complete", "max"] },
    Case { file: APPEAL, find: "type = \"date\"", replace: "type = \"day\"", fault_in: APPEAL, line_with: "type = \"day\"", words: &["unknown word `day`", "date"] },
    // English beside every text that people read.
    Case { file: APPEAL, find: "en = \"Registered\"\n", replace: "", fault_in: APPEAL, line_with: "name = \"已登记\"", words: &["`name` has no English", "add en"] },
    Case { file: APPEAL, find: "public_en = \"The unit in charge is working on it\"\n", replace: "public_en = \"\"\n", fault_in: APPEAL, line_with: "public = \"承办单位正在办理\"", words: &["`public` has no English", "add public_en"] },
    Case { file: APPEAL, find: "en = \"Handling\"\n", replace: "", fault_in: APPEAL, line_with: "name = \"办理\"", words: &["`name` has no English"] },
    Case { file: APPEAL, find: "label = \"亲属\", en = \"a relative\"", replace: "label = \"亲属\"", fault_in: APPEAL, line_with: "label = \"亲属\"", words: &["`label` has no English"] },
    Case { file: "common/categories.toml", find: "advice_en = \"It is good", replace: "advise_en = \"It is good", fault_in: "common/categories.toml", line_with: "advice = \"您愿意说出来", words: &["`advice` has no English"] },
    Case { file: "common/messages.toml", find: "en = \"{{platform_short}}: a task", replace: "en = \"{{unit}}: a task", fault_in: "common/messages.toml", line_with: "{{unit}}: a task", words: &["cannot contain the variable `unit`"] },
    Case { file: "common/units.toml", find: "names_en = { village", replace: "names_en = { town", fault_in: "common/units.toml", line_with: "names = { village", words: &["`names` has no English", "add names_en"] },
    Case { file: "common/documents/accept_notice.toml", find: "en = \"Notice of acceptance\"\n", replace: "", fault_in: "common/documents/accept_notice.toml", line_with: "title = ", words: &["`title` has no English"] },
    Case { file: "common/calendar/2026.csv", find: "2026-05-01,0,劳动节", replace: "2026-05-01,0,五一节", fault_in: "common/calendar/2026.csv", line_with: "五一节", words: &["`五一节` has no English", "calendar/names.toml"] },
    Case { file: "city/pack.toml", find: "owner_en = ", replace: "owner_uk = ", fault_in: "city/pack.toml", line_with: "owner = ", words: &["`owner` has no English", "add owner_en"] },
    Case { file: "city/programmes/mediation.toml", find: "unit_en = \"cases\"\n", replace: "", fault_in: "city/programmes/mediation.toml", line_with: "unit = ", words: &["`unit` has no English"] },
    Case { file: "common/documents/dispatch_order.toml", find: "{document_number}", replace: "{case_number}", fault_in: "common/documents/dispatch_order.toml", line_with: "number = ", words: &["the same number", "put {document_number}"] },
    Case { file: "common/channels.toml", find: "opens = \"appeal\"", replace: "opens = \"apeal\"", fault_in: "common/channels.toml", line_with: "opens = ", words: &["unknown workflow `apeal`"] },
    Case { file: "common/channels.toml", find: "code = \"letter\"", replace: "code = \"letter\"\nopens = \"appeal\"", fault_in: "common/channels.toml", line_with: "code = \"letter\"", words: &["`letter` is a second one", "call screen"] },
    // The promises.
    Case { file: APPEAL, find: "role = \"triage\"\nclock = \"merged\"", replace: "role = \"triage\"", fault_in: APPEAL, line_with: "code = \"merged\"\nname = \"已合并", words: &["has no clock"] },
    Case { file: APPEAL, find: "role = \"triage\"\nclock = \"merged\"", replace: "clock = \"merged\"", fault_in: APPEAL, line_with: "code = \"merged\"\nname = \"已合并", words: &["has no role"] },
    Case { file: APPEAL, find: "effects = [{ pause_clocks = { until = \"pause_until\", max_days = 180 } }, ", replace: "effects = [", fault_in: APPEAL, line_with: "code = \"suspended\"\nname = \"中止", words: &["held without an end", "pause_clocks"] },
    Case { file: APPEAL, find: "from = [\"registered\", \"triage\", \"handling\"]\nto = \"merged\"", replace: "from = [\"registered\", \"triage\", \"handling\"]", fault_in: APPEAL, line_with: "code = \"merged\"\nname = \"已合并", words: &["can never be reached"] },
    Case { file: APPEAL, find: "[[action]]\ncode = \"take\"", replace: "[[state]]\ncode = \"lost\"\nname = \"丢失\"\nen = \"Lost\"\npublic = \"丢失\"\npublic_en = \"Lost\"\nrole = \"handler\"\nclock = \"handle\"\n\n[[action]]\ncode = \"lose\"\nname = \"丢失\"\nen = \"Lose\"\nfrom = [\"handling\", \"lost\"]\nto = \"lost\"\nby = [\"handler@responsible\"]\n\n[[action]]\ncode = \"take\"", fault_in: APPEAL, line_with: "code = \"lost\"", words: &["no end can be reached from state `lost`"] },
    Case { file: APPEAL, find: "[[action]]\ncode = \"take\"", replace: "[[action]]\ncode = \"just_close\"\nname = \"直接办结\"\nen = \"Just close\"\nfrom = [\"handling\"]\nto = \"closed\"\nby = [\"handler@responsible\"]\n\n[[action]]\ncode = \"take\"", fault_in: APPEAL, line_with: "name = \"独立回访", words: &["around “独立回访", "handling → just_close → closed"] },
    Case { file: APPEAL, find: "[[action]]\ncode = \"take\"", replace: "[[state]]\ncode = \"called_off\"\nname = \"回访改期\"\nen = \"Visit put off\"\npublic = \"等待回访\"\npublic_en = \"Waiting\"\nrole = \"visitor\"\nclock = \"visit\"\n\n[[action]]\ncode = \"put_off\"\nname = \"改期\"\nen = \"Put off\"\nfrom = [\"visiting\"]\nto = \"called_off\"\nby = [\"visitor@anywhere\"]\n\n[[action]]\ncode = \"visit_now\"\nname = \"回访\"\nen = \"Visit now\"\nfrom = [\"called_off\"]\nto = \"visiting\"\nby = [\"visitor@anywhere\"]\n\n[[action]]\ncode = \"take\"", fault_in: APPEAL, line_with: "name = \"答复须经审核\"", words: &["`visiting` can be reached around", "called_off → visit_now → visiting", "once from the opening"] },
    Case { file: APPEAL, find: "since = [\"open\"]\nbefore", replace: "since = [\"opening\"]\nbefore", fault_in: APPEAL, line_with: "since = [\"opening\"]", words: &["unknown action `opening`"] },
    Case { file: APPEAL, find: "auto = \"pause_ended\"", replace: "", fault_in: APPEAL, line_with: "code = \"resume_on_time\"", words: &["only half automatic"] },
    Case { file: APPEAL, find: "role = \"visitor\"\nclock", replace: "role = \"statistician\"\nclock", fault_in: APPEAL, line_with: "code = \"visiting\"", words: &["`statistician` can do nothing in state `visiting`"] },
    Case { file: APPEAL, find: "role = \"visitor\"\nclock", replace: "role = \"citizen\"\nclock", fault_in: APPEAL, line_with: "code = \"visiting\"", words: &["nobody can hold the role `citizen`"] },
    // What protects people.
    Case { file: MEDIATION, find: "{ contact = { field = \"try_channel\" } }, ", replace: "", fault_in: MEDIATION, line_with: "code = \"try_contact\"", words: &["`try_contact` records a contact that no plan was asked about", "field = \"try_channel\""] },
    Case { file: "common/workflows/project.toml", find: "evidence = true", replace: "evidence = true\nbulk = true", fault_in: "common/workflows/project.toml", line_with: "code = \"submit\"", words: &["`submit` needs a file of each case", "remove bulk"] },
    Case { file: MEDIATION, find: "guards = [{ contact = { field = \"try_channel\" }", replace: "bulk = true\nguards = [{ contact = { field = \"try_channel\" }", fault_in: MEDIATION, line_with: "code = \"try_contact\"", words: &["`try_contact` contacts many people at once", "remove bulk"] },
    Case { file: MEDIATION, find: "[contact]\nways = \"contact_ways\"\ndays = \"contact_days\"\nfrom = \"contact_from\"\nuntil = \"contact_until\"\nnone = \"no_contact\"\nnone_flag = \"unsafe_contact\"\nwords_flag = \"contact_words\"\n", replace: "", fault_in: MEDIATION, line_with: "code = \"try_contact\"", words: &["needs a contact plan, and the workflow has none", "[contact]"] },
    Case { file: SECRECY, find: "review_days = 1", replace: "review_days = 2", fault_in: SECRECY, line_with: "", words: &["judged too late", "review_days = 1"] },
    Case { file: SECRECY, find: "review_days = 1", replace: "review_days = 0", fault_in: SECRECY, line_with: "", words: &["judged too late", "review_days = 1"] },
    Case { file: APPEAL, find: "values = [\"neighbour\", \"worker\", \"relative_apart\"]", replace: "values = [\"stranger\"]", fault_in: APPEAL, line_with: "[[reporter]]", words: &["`relation` never says that somebody reports", "values that it offers"] },
    Case { file: APPEAL, find: "keeps = [\"contact_name\", ", replace: "keeps = [\"found_on\", ", fault_in: APPEAL, line_with: "keeps = [\"found_on\"", words: &["unknown field of text `found_on`"] },
    Case { file: APPEAL, find: "value = \"sms\", label = \"发短信\"", replace: "value = \"pigeon\", label = \"发短信\"", fault_in: APPEAL, line_with: "[contact]", words: &["`contact_ways` cannot be part of a contact plan", "phone, sms, visit"] },
    Case { file: APPEAL, find: "value = \"7\", label = \"周日\"", replace: "value = \"0\", label = \"周日\"", fault_in: APPEAL, line_with: "[contact]", words: &["`contact_days` cannot be part", "1 to 7"] },
    Case { file: APPEAL, find: "from = \"contact_from\"", replace: "from = \"found_on\"", fault_in: APPEAL, line_with: "[contact]", words: &["`found_on` cannot be part", "type time"] },
    Case { file: APPEAL, find: "none = \"no_contact\"", replace: "no = \"no_contact\"", fault_in: APPEAL, line_with: "no = \"no_contact\"", words: &["unknown key `no`", "none"] },
    Case { file: APPEAL, find: "fields = [\"try_channel!\", \"note\"]", replace: "fields = [\"try_channel\", \"note\"]", fault_in: APPEAL, line_with: "code = \"try_contact\"", words: &["may be left out, and with it the plan", "!"] },
    Case { file: APPEAL, find: "{ contact = { field = \"try_channel\" } }", replace: "{ contact = { field = \"level\" } }", fault_in: APPEAL, line_with: "code = \"try_contact\"", words: &["`level` offers no way to contact"] },
    Case { file: APPEAL, find: "{ contact = { field = \"try_channel\" } }", replace: "{ contact = {} }", fault_in: APPEAL, line_with: "code = \"try_contact\"", words: &["names no way"] },
    Case { file: APPEAL, find: "{ contact = { field = \"try_channel\" } }", replace: "{ contact = { or = \"fax\" } }", fault_in: APPEAL, line_with: "{ contact = { or = \"fax\" } }", words: &["unknown word `fax`", "phone"] },
    Case { file: APPEAL, find: "[[on_grade]]\ngrade = \"red\"", replace: "[[on_grade]]\ngrade = \"purple\"", fault_in: APPEAL, line_with: "grade = \"purple\"", words: &["unknown grade `purple`"] },
    Case { file: APPEAL, find: "effects = [{ start_clock = \"reach\" }, ", replace: "effects = [{ assign = \"routed\" }, ", fault_in: APPEAL, line_with: "[[on_grade]]", words: &["a grade alone cannot do this"] },
    Case { file: APPEAL, find: "alarms = [30, 14, 7]", replace: "alarms = [7, 14, 30]", fault_in: APPEAL, line_with: "code = \"warning\"", words: &["nobody would be told in time", "[30, 14, 7]"] },
    Case { file: APPEAL, find: "expires = \"warning_expires\"", replace: "expires = \"warning_number\"", fault_in: APPEAL, line_with: "code = \"warning\"", words: &["`warning_number` is no date"] },
    Case { file: APPEAL, find: "effects = [{ milestone = \"warning\" }]", replace: "effects = []", fault_in: APPEAL, line_with: "code = \"warning\"", words: &["`warning` can never be recorded", "milestone = "] },
    Case { file: APPEAL, find: "{ breach = \"warning\" }", replace: "{ breach = \"promise\" }", fault_in: APPEAL, line_with: "{ breach = \"promise\" }", words: &["unknown milestone `promise`"] },
    Case { file: APPEAL, find: "met_by = [\"file_report\", \"waive_report\"]", replace: "met_by = [\"sign\"]", fault_in: APPEAL, line_with: "code = \"report\"\nname = \"强制报告\"\nen = \"Mandatory report\"\nhelp", words: &["in state `merged` nobody can meet the duty", "met_by"] },
    Case { file: APPEAL, find: "{ answers = [\"children_elders\"] }", replace: "{ answers = [\"children\"] }", fault_in: APPEAL, line_with: "\"children\"", words: &["unknown question `children`"] },
    Case { file: APPEAL, find: "{ answers = [\"children_elders\"] }", replace: "{ protected = true }", fault_in: APPEAL, line_with: "code = \"report\"\nname = \"强制报告\"\nen = \"Mandatory report\"\nhelp", words: &["does not say when it is owed"] },
    Case { file: APPEAL, find: "when = [{ field = \"victim\", values = [\"under_14\"] }]", replace: "when = [{ field = \"victim\", values = [\"baby\"] }]", fault_in: APPEAL, line_with: "code = \"guardian\"\nname = \"监护人同意或者法律依据\"\nen = \"Guardian's consent or legal basis\"\nhelp", words: &["`victim` never holds one of these values"] },
    Case { file: "common/risk.toml", find: "duty = \"hotline\"", replace: "duty = \"firemen\"", fault_in: "common/risk.toml", line_with: "duty = \"firemen\"", words: &["unknown unit kind `firemen`"] },
    // Other files.
    Case { file: "common/messages.toml", find: "{{case_number}}", replace: "{{summary}}", fault_in: "common/messages.toml", line_with: "{{summary}}", words: &["cannot contain the variable `summary`"] },
    Case { file: "common/messages.toml", find: "您提交的信息", replace: "您在{{platform_short}}提交的信息", fault_in: "common/messages.toml", line_with: "{{platform_short}}提交", words: &["names its sender with `platform_short`", "other hands"] },
    Case { file: "common/messages.toml", find: "code = \"escalated\"", replace: "code = \"climbed\"", fault_in: "common/messages.toml", line_with: "# 通知短信", words: &["unknown message `escalated`"] },
    Case { file: "common/documents/accept_notice.toml", find: "{{category}}", replace: "{{kind}}", fault_in: "common/documents/accept_notice.toml", line_with: "{{kind}}", words: &["variable kind does not exist"] },
    Case { file: "common/routing.toml", find: "category = [\"1304\"]", replace: "category = [\"9904\"]", fault_in: "common/routing.toml", line_with: "[\"9904\"]", words: &["unknown category `9904`"] },
    Case { file: "common/routing.toml", find: "category = [\"1304\"]", replace: "category = [\"1304\"]\narea = [\"980000000000\"]", fault_in: "common/routing.toml", line_with: "980000000000", words: &["unknown region `980000000000`"] },
    Case { file: "common/routing.toml", find: "en = \"Everything else\"\ncategory = []", replace: "en = \"Everything else\"\narea = [\"990101000000\"]", fault_in: "common/routing.toml", line_with: "code = \"rest\"", words: &["does not fit every case", "without category, area"] },
    Case { file: "common/routing.toml", find: "{ kind = \"procuratorate\", level = \"county\" }", replace: "{ kind = \"prosecutor\", level = \"county\" }", fault_in: "common/routing.toml", line_with: "prosecutor", words: &["unknown unit kind `prosecutor`"] },
    Case { file: "common/routing.toml", find: "level = \"city\"", replace: "level = \"province\"", fault_in: "common/routing.toml", line_with: "province", words: &["unknown word `province`", "city"] },
    Case { file: "common/routing.toml", find: "en = \"Everything else\"\ncategory = []", replace: "en = \"Everything else\"\ncategory = [\"13\"]", fault_in: "common/routing.toml", line_with: "code = \"rest\"", words: &["does not fit every case"] },
    Case { file: "common/routing.toml", find: "channel = [\"patrol\"]", replace: "channel = [\"walk\"]", fault_in: "common/routing.toml", line_with: "[\"walk\"]", words: &["unknown channel `walk`"] },
    Case { file: "common/categories.toml", find: "grade = \"yellow\"", replace: "grade = \"beige\"", fault_in: "common/categories.toml", line_with: "beige", words: &["unknown grade `beige`"] },
    Case { file: "common/categories.toml", find: "code = \"0101\"", replace: "code = \"9901\"", fault_in: "common/categories.toml", line_with: "code = \"9901\"", words: &["unknown category `99`"] },
    Case { file: "common/roles.toml", find: "kinds = [\"hotline\", \"wf\"]", replace: "kinds = [\"hotline\", \"fw\"]", fault_in: "common/roles.toml", line_with: "\"fw\"", words: &["unknown unit kind `fw`"] },
    Case { file: "common/roles.toml", find: "kinds = [\"hotline\"]\nlevels = [\"city\"]", replace: "kinds = [\"hotline\"]\nlevels = [\"town\"]", fault_in: "common/roles.toml", line_with: "code = \"operator\"", words: &["can be held nowhere"] },
    Case { file: "common/roles.toml", find: "as = [\"task\"]", replace: "as = [\"everything\"]", fault_in: "common/roles.toml", line_with: "everything", words: &["unknown word `everything`", "owner"] },
    Case { file: "common/roles.toml", find: "as = [\"circle\"]\nof = [\"sealed\"]", replace: "as = [\"city\"]\nof = [\"sealed\"]", fault_in: "common/roles.toml", line_with: "code = \"operator\"", words: &["opens sealed cases to people who were not named", "circle"] },
    Case { file: "common/roles.toml", find: "as = [\"circle\"]\nof = [\"sealed\"]", replace: "as = [\"circle\"]\nof = [\"ordinary\"]", fault_in: "common/roles.toml", line_with: "code = \"operator\"", words: &["a circle to cases that have none"] },
    Case { file: "common/roles.toml", find: "as = [\"past\", \"city\"]", replace: "as = [\"unit\", \"city\"]", fault_in: "common/roles.toml", line_with: "code = \"operator\"", words: &["two rows for `unit` of `ordinary`"] },
    Case { file: "common/roles.toml", find: "as = [\"lent\"]\nof = [\"ordinary\", \"sensitive\", \"sealed\"]", replace: "as = [\"lent\"]\nmay = [\"export\"]\nof = [\"ordinary\", \"sensitive\", \"sealed\"]", fault_in: "common/roles.toml", line_with: "code = \"dispatcher\"", words: &["a lent identity", "reading alone"] },
    Case { file: "common/roles.toml", find: "as = [\"past\", \"city\"]", replace: "as = []", fault_in: "common/roles.toml", line_with: "code = \"operator\"", words: &["speaks of no case"] },
    Case { file: "common/roles.toml", find: "as = [\"task\"]\nof = [\"ordinary\", \"sensitive\"]", replace: "as = [\"task\"]\nof = [\"ordinary\"]", fault_in: APPEAL, line_with: "code = \"appeal\"", words: &["the role `handler` is expected to do", "may not act on sensitive cases"] },
    Case { file: "common/secrecy.toml", find: "glass_minutes = 120", replace: "glass_minutes = 121", fault_in: "common/secrecy.toml", line_with: "# 密件", words: &["too long", "1 to 120"] },
    Case { file: "common/secrecy.toml", find: "nobody_acts = \"nobody_acts\"", replace: "nobody_acts = \"nobody\"", fault_in: "common/secrecy.toml", line_with: "nobody_acts = \"nobody\"", words: &["unknown message `nobody`"] },
    Case { file: "common/secrecy.toml", find: "glass_unjudged = \"glass_unjudged\"", replace: "glass_unjudged = \"nobody\"", fault_in: "common/secrecy.toml", line_with: "glass_unjudged = \"nobody\"", words: &["unknown message `nobody`"] },
    Case { file: "common/secrecy.toml", find: "glass_wrong = \"glass_wrong\"", replace: "glass_wrong = \"glass_unjudged\"", fault_in: "common/secrecy.toml", line_with: "# 密件", words: &["nobody who could act on it is told", "to = \"security\""] },
    Case { file: "common/messages.toml", find: "text = \"一次破例查看", replace: "text = \"编号{{case_number}}的破例查看", fault_in: "common/messages.toml", line_with: "编号{{case_number}}的破例查看被评判", words: &["tells of a case", "without variables"] },
    Case { file: "common/secrecy.toml", find: "en = \"Urgent request of the police\"", replace: "", fault_in: "common/secrecy.toml", line_with: "公安机关紧急查询", words: &["`label` has no English"] },
    Case { file: "common/roles.toml", find: "administers = \"audit\"\n", replace: "administers = \"audit\"\n[[role.sees]]\nas = [\"city\"]\nof = [\"ordinary\"]\nidentity = \"none\"\ncontact = \"none\"\nstory = \"none\"\nevidence = \"none\"\n", fault_in: "common/roles.toml", line_with: "code = \"audit_admin\"", words: &["`audit_admin` administers and sees cases"] },
    Case { file: "common/roles.toml", find: "second_factor = true\nadministers = \"security\"", replace: "administers = \"security\"", fault_in: "common/roles.toml", line_with: "code = \"security_admin\"", words: &["with a password alone", "second_factor"] },
    Case { file: "common/roles.toml", find: "administers = \"audit\"\n", replace: "", fault_in: "common/roles.toml", line_with: "# 角色：", words: &["no role is the audit administrator"] },
    Case { file: "common/units.toml", find: "parent = \"wf\"", replace: "parent = \"wfw\"", fault_in: "common/units.toml", line_with: "wfw", words: &["unknown unit kind `wfw`"] },
    Case { file: "common/units.toml", find: "levels = [\"city\"]\nparent = \"wf\"", replace: "levels = [\"city\"]\nparent = \"up\"", fault_in: "common/units.toml", line_with: "code = \"hotline\"", words: &["second top"] },
    Case { file: "common/risk.toml", find: "code = \"red\"", replace: "code = \"crimson\"", fault_in: "common/risk.toml", line_with: "[rule]", words: &["unknown grade `red`"] },
    Case { file: "common/clocks.toml", find: "every = \"1wd\"", replace: "every = \"1day\"", fault_in: "common/clocks.toml", line_with: "1day", words: &["unknown unit"] },
    Case { file: "common/calendar/2026.csv", find: "2026-05-01,0", replace: "2026-05-01,2", fault_in: "common/calendar/2026.csv", line_with: "2026-05-01,2", words: &["no day", "1 for work"] },
    Case { file: "common/calendar/2026.csv", find: "2026-05-01,0", replace: "2025-05-01,0", fault_in: "common/calendar/2026.csv", line_with: "2025-05-01", words: &["2025-05-01 stands in", "file of its own year"] },
    Case { file: "common/calendar/2026.csv", find: "2026-05-02,0", replace: "2026-05-01,0", fault_in: "common/calendar/2026.csv", line_with: "2026-05-01,0,劳动节\n2026-05-03", words: &["listed twice"] },
    Case { file: "city/hours.toml", find: "to = \"09-30\"", replace: "to = \"09-29\"", fault_in: "city/hours.toml", line_with: "[[season]]", words: &["09-30 belongs to no season"] },
    Case { file: "city/hours.toml", find: "\"13:30-17:30\"", replace: "\"13:30-12:30\"", fault_in: "city/hours.toml", line_with: "13:30-12:30", words: &["must end after it starts"] },
    Case { file: "city/regions.csv", find: "town,990121000000", replace: "town,990122000000", fault_in: "city/regions.csv", line_with: "990122000000", words: &["unknown region `990122000000`"] },
    Case { file: "city/regions.csv", find: "丁村,village,", replace: "丁村,hamlet,", fault_in: "city/regions.csv", line_with: "hamlet", words: &["use city, county, town or village"] },
    Case { file: "city/regions.csv", find: "990121100201", replace: "990131100201", fault_in: "city/regions.csv", line_with: "990131100201", words: &["does not begin like its parent's"] },
    Case { file: "city/regions.csv", find: "990101100202", replace: "990101100201", fault_in: "city/regions.csv", line_with: "990101100201,丙村", words: &["given twice"] },
    Case { file: "city/pack.toml", find: "region = \"990100000000\"", replace: "region = \"990200000000\"", fault_in: "city/pack.toml", line_with: "region = ", words: &["990200000000", "not in regions.csv"] },
    Case { file: "city/pack.toml", find: "idle_minutes = 720", replace: "idle_minutes = 0", fault_in: "city/pack.toml", line_with: "idle_minutes = 0", words: &["0 minutes", "1 to 720"] },
    Case { file: "city/pack.toml", find: "idle_minutes = 720", replace: "export_hours = 0", fault_in: "city/pack.toml", line_with: "export_hours = 0", words: &["0 hours", "1 to 168"] },
    Case { file: "common/pledge.toml", find: "version = \"2026-1\"", replace: "version = \"二〇二六\"", fault_in: "common/pledge.toml", line_with: "", words: &["no version that can be kept"] },
    Case { file: "common/pledge.toml", find: "points_en = [", replace: "points_en = [\"One more.\", ", fault_in: "common/pledge.toml", line_with: "", words: &["same in both languages"] },
    Case { file: "common/roles.toml", find: "administers = \"audit\"", replace: "administers = \"audit\"\nexports = true", fault_in: "common/roles.toml", line_with: "code = \"audit_admin\"", words: &["exports lists and sees no case"] },
    Case { file: "city/pack.toml", find: "packs/common", replace: "packs/comon", fault_in: "city/pack.toml", line_with: "packs/comon", words: &["base folder", "does not exist"] },
    Case { file: "city/pack.toml", find: "hotline = \"12338\"\n", replace: "", fault_in: "city/pack.toml", line_with: "[brand]", words: &["missing key `hotline`"] },
    Case { file: "city/pack.toml", find: "version = \"2026.1\"", replace: "version = \"2028.1\"", fault_in: "city/calendar/2028.csv", line_with: "", words: &["no holiday data for 2028", "add the file"] },
    Case { file: "city/programmes/mediation.toml", find: "workflow = \"mediation\"", replace: "workflow = \"meditation\"", fault_in: "city/programmes/mediation.toml", line_with: "meditation", words: &["unknown workflow `meditation`"] },
    Case { file: "city/open311.toml", find: "category = \"1302\"", replace: "category = \"1003\"", fault_in: "city/open311.toml", line_with: "code = \"suggestion\"", words: &["would publish the sensitive category `1003`"] },
    Case { file: "city/texts.toml", find: "free = \"All services are free of charge.\"\n", replace: "", fault_in: "city/texts.toml", line_with: "[en]", words: &["missing key `free`"] },
    // Who leads a project is let in by that alone, so it tells of nobody.
    Case { file: "common/workflows/project.toml", find: "[[field]]\ncode = \"year\"", replace: "[[field]]\ncode = \"who\"\nlabel = \"姓名\"\nen = \"Name\"\ntype = \"line\"\nmax = 20\nmeaning = \"name\"\n\n[[field]]\ncode = \"year\"", fault_in: "common/workflows/project.toml", line_with: "code = \"publish\"\nname = \"公布并交办\"", words: &["names who leads", "`who` tells of a person"] },
    Case { file: "common/workflows/project.toml", find: "lead = \"lead\", budget = \"budget\"", replace: "lead = \"said\", budget = \"budget\"", fault_in: "common/workflows/project.toml", line_with: "effects = [{ propose = { figure = \"figure\", goal = \"goal\", from", words: &["unknown field of that type `said`"] },
    Case { file: "common/workflows/project.toml", find: "or = \"agency\"", replace: "or = \"agent\"", fault_in: "common/workflows/project.toml", line_with: "or = \"agent\"", words: &["unknown role `agent`"] },
    Case { file: "common/roles.toml", find: "as = [\"lead\"]\nof = [\"ordinary\"]", replace: "as = [\"past\"]\nof = [\"sealed\"]", fault_in: "common/workflows/project.toml", line_with: "code = \"project\"", words: &["`agency` is expected to do `report`", "may not act on ordinary"] },
    Case { file: "common/workflows/hand_entry.toml", find: "assign = \"above_handling\"", replace: "assign = \"lead\"", fault_in: "common/workflows/hand_entry.toml", line_with: "effects = [\"mark_handling\", { assign = \"lead\" }]", words: &["unknown target that names who leads"] },
    // What the city owes the people whose data it holds.
    Case { file: "common/rights.toml", find: "span = \"15wd\"", replace: "span = \"15weeks\"", fault_in: "common/rights.toml", line_with: "15weeks", words: &["unknown unit"] },
    Case { file: "common/rights.toml", find: "approves = [\"leader\"]", replace: "approves = [\"leeder\"]", fault_in: "common/rights.toml", line_with: "leeder", words: &["unknown role `leeder`"] },
    Case { file: "common/rights.toml", find: "holds = [\"leader\"]", replace: "holds = []", fault_in: "common/rights.toml", line_with: "# 个人信息权利", words: &["`holds` names no role", "add holds"] },
    Case { file: "common/rights.toml", find: "approves = [\"leader\"]", replace: "approves = [\"operator\"]", fault_in: "common/rights.toml", line_with: "# 个人信息权利", words: &["nobody in the top unit", "`approves`"] },
    Case { file: "common/rights.toml", find: "refuses = [\"correct\"]\n", replace: "", fault_in: "common/rights.toml", line_with: "code = \"not_wrong\"", words: &["`not_wrong` carries nothing"] },
    Case { file: "common/rights.toml", find: "en = \"The record was checked and is right\"\n", replace: "", fault_in: "common/rights.toml", line_with: "name = \"经核实", words: &["`name` has no English"] },
    Case { file: "common/retention.toml", find: "child = true\nyears = 48", replace: "child = true\nyears = 480", fault_in: "common/retention.toml", line_with: "code = \"child\"", words: &["`child` keeps for 480 years", "1 to 100"] },
    Case { file: "common/retention.toml", find: "code = \"ordinary\"", replace: "code = \"ordinary\"\nsensitive = false", fault_in: "common/retention.toml", line_with: "code = \"ordinary\"", words: &["`ordinary` does not fit every case"] },
    Case { file: "common/retention.toml", find: "deeds_years = 3", replace: "deeds_years = 2", fault_in: "common/retention.toml", line_with: "# 保存期限", words: &["`deeds_years`", "3 or more"] },
    Case { file: "common/retention.toml", find: "deeds_years = 3", replace: "deeds_years = 2", fault_in: "common/retention.toml", line_with: "# 保存期限", words: &["`deeds_years`", "3 or more"] },
    Case { file: "common/retention.toml", find: "drafts_days = 1", replace: "drafts_days = 70", fault_in: "common/retention.toml", line_with: "# 保存期限", words: &["`drafts_days`", "1 to 7"] },
    Case { file: "common/retention.toml", find: "field = \"victim\"", replace: "field = \"victims\"", fault_in: "common/retention.toml", line_with: "# 保存期限", words: &["unknown field `victims`"] },
    Case { file: "common/retention.toml", find: "values = [\"minor\", ", replace: "values = [\"baby\", ", fault_in: "common/retention.toml", line_with: "# 保存期限", words: &["unknown value `baby`"] },
    Case { file: "common/retention.toml", find: "years = 30", replace: "category = [\"99\"]\nyears = 30", fault_in: "common/retention.toml", line_with: "category = [\"99\"]", words: &["unknown category `99`"] },
    Case { file: "common/processing.toml", find: "workflows = [\"mediation\"]", replace: "workflows = [\"meditation\"]", fault_in: "common/processing.toml", line_with: "meditation", words: &["unknown workflow `meditation`"] },
    Case { file: "common/processing.toml", find: "workflows = [\"mediation\"]", replace: "workflows = [\"appeal\"]", fault_in: "common/workflows/mediation.toml", line_with: "code = \"mediation\"", words: &["is in no register", "processing.toml"] },
    Case { file: "common/processing.toml", find: "retention = [\"child\", \"grave\", \"ordinary\"]", replace: "retention = [\"child\", \"grim\"]", fault_in: "common/processing.toml", line_with: "\"grim\"", words: &["unknown retention rule `grim`"] },
    Case { file: "common/processing.toml", find: "ground = \"duty\"", replace: "ground = \"because\"", fault_in: "common/processing.toml", line_with: "because", words: &["unknown word `because`", "duty"] },
    Case { file: "common/processing.toml", find: "role = \"security_admin\"", replace: "role = \"nobody\"", fault_in: "common/processing.toml", line_with: "code = \"appeals\"", words: &["unknown role `nobody`"] },
    Case { file: "common/processing.toml", find: "date = 2026-06-15", replace: "date = 10:00:00", fault_in: "common/processing.toml", line_with: "code = \"appeals\"", words: &["has no day"] },
    Case { file: "common/processing.toml", find: "recipients_en = \"The mediators", replace: "recipient_en = \"The mediators", fault_in: "common/processing.toml", line_with: "recipients = \"调解组织", words: &["`recipients` has no English"] },
];

#[test]
fn every_wrong_word_is_found_on_its_line() {
    let mut wrong = Vec::new();
    for (number, case) in CASES.iter().enumerate() {
        if let Err(message) = check(number, case) {
            wrong.push(format!("{} `{}`: {message}", case.file, case.replace));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

fn check(number: usize, case: &Case) -> Result<(), String> {
    let copy = Copy::new(&format!("case-{number}"));
    let path = copy.path(case.file);
    let text = fs::read_to_string(&path).unwrap();
    if !text.contains(case.find) {
        return Err(format!("`{}` is not in the file", case.find));
    }
    fs::write(&path, text.replacen(case.find, case.replace, 1)).unwrap();
    let faults = copy.load();
    let line = if case.line_with.is_empty() {
        1
    } else {
        let text = fs::read_to_string(copy.path(case.fault_in)).unwrap();
        let at = text.find(case.line_with).ok_or("the line is not in the file")?;
        text[..at].matches('\n').count() + 1
    };
    let fits = |fault: &Fault| {
        let words = format!("{} {}", fault.what, fault.advice);
        *fault.at.file == *case.fault_in
            && fault.at.line as usize == line
            && case.words.iter().all(|w| words.contains(w))
    };
    if faults.iter().any(fits) {
        return Ok(());
    }
    let found: Vec<String> = faults.iter().map(ToString::to_string).collect();
    Err(format!("expected {}:{line} {:?}, found:\n{}", case.fault_in, case.words, found.join("\n")))
}

/// A file that is not there is named with the place where it belongs.
#[test]
fn missing_files_are_named() {
    let cases = [
        ("common/calendar/2024.csv", "city/calendar/2024.csv", "no holiday data for 2024"),
        ("common/roles.toml", "city/roles.toml", "missing"),
        ("common/documents/dispatch_order.toml", APPEAL, "unknown document `dispatch_order`"),
        ("city/pack.toml", "city/pack.toml", "cannot be read"),
        ("city/regions.csv", "city/regions.csv", "missing"),
    ];
    for (number, (delete, at, words)) in cases.into_iter().enumerate() {
        let copy = Copy::new(&format!("missing-{number}"));
        fs::remove_file(copy.path(delete)).unwrap();
        let faults = copy.load();
        let fits = |f: &Fault| *f.at.file == *at && f.what.contains(words);
        assert!(faults.iter().any(fits), "{delete}: {faults:#?}");
    }
}

/// Several mistakes in several files are all found at once, without faults that only follow.
#[test]
fn reading_goes_on_after_a_fault() {
    let copy = Copy::new("many");
    copy.replace("common/roles.toml", "name = \"审核人\"", "nme = \"审核人\"");
    copy.replace("common/messages.toml", "to = \"leader\"", "to = \"boss\"");
    copy.replace("city/regions.csv", "西县,county,", "西县,county,,");
    copy.replace(
        APPEAL,
        "en = \"Registration\"\nspan = \"4wh\"",
        "en = \"Registration\"\nspan = \"4\"",
    );
    copy.replace(APPEAL, "en = \"Review\"\nspan = \"2wd\"", "en = \"Review\"\nspan = \"2\"");
    let faults = copy.load();
    let shown: Vec<String> = faults.iter().map(ToString::to_string).collect();
    let expected = ["roles.toml", "messages.toml", "regions.csv", "`4` has", "`2` has"];
    for words in expected {
        assert!(shown.iter().any(|f| f.contains(words)), "{words} is not among {shown:#?}");
    }
    let follow = |f: &&String| f.contains("unknown role") || f.contains("unknown message");
    assert_eq!(shown.iter().filter(follow).count(), 0, "{shown:#?}");
    assert!(shown.is_sorted_by_key(|f| f.split(':').next().map(str::to_owned)), "{shown:#?}");
}

/// The same code in the city replaces the entry of the base; another one is added.
#[test]
fn the_city_overrides_the_base() {
    let copy = Copy::new("override");
    fs::write(
        copy.path("city/messages.toml"),
        "[[message]]\ncode = \"closed\"\nto = \"appellant\"\ntext = \"{{case_number}}好了\"\nen = \"{{case_number}} is \
         done\"\n",
    )
    .unwrap();
    fs::write(
        copy.path("city/routing.toml"),
        "[[rule]]\ncode = \"all_to_city\"\nname = \"都到市里\"\nen = \"All to the city\"\nto = { \
         kind = \"wf\", level = \"city\" }\nwhy = \"小城\"\nwhy_en = \"A small city\"\n",
    )
    .unwrap();
    let city = packs::load(&copy.path("city")).unwrap();
    assert_eq!(city.pack.messages["closed"].text, "{{case_number}}好了");
    assert!(city.pack.messages.contains_key("accepted"));
    assert_eq!(city.pack.routing.rules[0].code, "all_to_city");
    assert_eq!(city.pack.routing.rules.last().unwrap().code, "rest");
}

/// Category, area and risk together: the same matter goes elsewhere in the next county.
#[test]
fn a_rule_holds_in_its_area() {
    let copy = Copy::new("area");
    fs::write(
        copy.path("city/routing.toml"),
        "[[rule]]\ncode = \"land_east\"\nname = \"东区土地\"\nen = \"Land in the east\"\ncategory = \
         [\"06\"]\narea = [\"990101000000\"]\nrisk = [\"yellow\"]\nto = { kind = \"wf\", level = \"city\" \
         }\nwhy = \"由市级统一办理\"\nwhy_en = \"The city takes these together\"\n",
    )
    .unwrap();
    let pack = packs::load(&copy.path("city")).unwrap().pack;
    let rule = |category, grade, place| {
        let matter = Matter { category, grade, channel: "web", place };
        pack.routing.route(&pack, matter).unwrap().rule
    };
    for place in ["990101000000", "990101001000"] {
        assert_eq!(rule("0601", "yellow", place), "land_east", "{place}");
    }
    for (category, grade, place) in [
        ("0601", "yellow", "990121000000"),
        ("0601", "yellow", "990100000000"),
        ("0601", "yellow", "nowhere"),
        ("0601", "green", "990101001000"),
        ("0701", "yellow", "990101001000"),
    ] {
        assert_ne!(rule(category, grade, place), "land_east", "{category} {grade} {place}");
    }
}

/// Every right can be refused on some ground, and a hold can rest on one.
#[test]
fn every_right_has_a_ground_of_refusal() {
    let copy = Copy::new("grounds");
    let file = "common/rights.toml";
    copy.replace(file, "\"withdraw\", ", "");
    copy.replace(file, "refuses = [\"withdraw\"]", "refuses = [\"correct\"]");
    copy.replace(file, "holds = true\n", "");
    copy.replace(file, "holds = true\n", "");
    let found: Vec<String> = copy.load().iter().map(ToString::to_string).collect();
    for words in ["no basis lets `withdraw` be refused", "no basis carries a legal hold"] {
        assert!(found.iter().any(|f| f.contains(words)), "{words}: {found:#?}");
    }
}

/// The base and the sample city, copied so that one may be broken.
struct Copy {
    root: PathBuf,
}

impl Copy {
    fn new(name: &str) -> Self {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("broken").join(name);
        let _ = fs::remove_dir_all(&root);
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        copy(&here.join("../../packs/common"), &root.join("packs/common"));
        copy(&here.join("../testkit/city"), &root.join("crates/testkit/city"));
        // Nor is that workflow in the register then.
        let register = root.join("packs/common/processing.toml");
        let text = fs::read_to_string(&register).unwrap();
        let (before, rest) = text.split_once("[[purpose]]\ncode = \"recognition\"").unwrap();
        let after = rest.find("[[purpose]]").map_or("", |at| &rest[at..]);
        fs::write(&register, format!("{before}{after}")).unwrap();
        Self { root }
    }

    fn path(&self, file: &str) -> PathBuf {
        match file.strip_prefix("common/") {
            Some(rest) => self.root.join("packs/common").join(rest),
            None => self.root.join("crates/testkit").join(file),
        }
    }

    fn replace(&self, file: &str, find: &str, replace: &str) {
        let text = fs::read_to_string(self.path(file)).unwrap();
        assert!(text.contains(find), "`{find}` is not in {file}");
        fs::write(self.path(file), text.replacen(find, replace, 1)).unwrap();
    }

    fn load(&self) -> Vec<Fault> {
        packs::load(&self.path("city")).err().unwrap_or_default()
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.root);
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name();
        // Invented appeals are no part of a pack, and a workflow that nobody names costs time.
        if name == "demo" || name == "recognition.toml" {
            continue;
        }
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to.join(name));
        } else {
            fs::copy(entry.path(), to.join(name)).unwrap();
        }
    }
}
