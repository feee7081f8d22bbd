//! What protecting one appeal costs: microseconds per text for searching words and for sealing,
//! and the memory of the dictionary. Run with `cargo run --release -p vault --example cost`.

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::Instant;

use vault::{Entry, Keys, Query, Words, number};

/// Appeals of about 120 characters, invented.
const TEXTS: [&str; 4] = [
    "昨天晚上丈夫喝酒以后又动手打人，孩子吓得一直哭，我带着孩子跑到邻居家里躲了一夜。派出所民警来过一次，\
     做了笔录，但是没有开告诫书。今天想到妇联咨询怎样申请人身安全保护令，希望有人帮我们母子找一个安全的地方\
     住几天，并且告诉我起诉离婚需要准备哪些材料。",
    "我在县里的服装厂上班三年，怀孕六个月的时候厂里以订单减少为理由要求我签自愿离职协议，不签就调到夜班车间\
     站着干活。劳动合同还有一年到期，工资也被扣了两个月的奖金。我的电话是13800001234，想请妇联和劳动监察部门\
     帮忙调解，要求恢复原来的岗位并补发工资。",
    "我們村裡的出嫁女一直沒有分到土地補償款，村民代表會議說嫁出去的女兒不算村集體成員，但是我的戶口從來沒有\
     遷走，丈夫是外省人，在那邊也沒有承包地。去年修路徵地每人分了兩萬三千元，我和兩個孩子一分都沒有。請問應該\
     向哪個部門反映，能不能申請法律援助？",
    "邻居家的女孩今年上小学四年级，父母都在外地打工，跟着奶奶生活。最近两个月发现她经常不去学校，身上有伤，\
     问她也不肯说。奶奶年纪大了，耳朵不好，家里住在13号楼2单元。我担心孩子受到伤害，希望社区、学校和妇联的人\
     上门看一看，不要说是谁反映的，谢谢你们。",
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("private memory before the dictionary   {:>8} KiB", private_kib()?);
    let begin = Instant::now();
    let words = Words::shared().of_text("家暴").len();
    println!("loading the dictionary                 {:>8.1?} ({words} word)", begin.elapsed());
    println!("private memory after                   {:>8} KiB", private_kib()?);

    for suite in ["international", "national"] {
        let hex = |byte: u8| {
            (0..32).fold(String::new(), |mut text, _| {
                let _ = write!(text, "{byte:02x}");
                text
            })
        };
        let keys = Keys::parse(&format!("suite={suite}\nroot={}\nwrap.1={}", hex(1), hex(2)))?;
        costs(&keys);
    }
    Ok(())
}

fn costs(keys: &Keys) {
    println!("\n{}", keys.suite().name());
    let characters = TEXTS.iter().map(|text| text.chars().count()).sum::<usize>() / TEXTS.len();
    let line_of = |text: &str| {
        let mut entry = Entry::new(keys);
        entry.text(text);
        entry.line()
    };
    let hashes = TEXTS.iter().map(|text| line_of(text).split(' ').count()).sum::<usize>();
    println!("  {characters} characters make {} hashes", hashes / TEXTS.len());

    let (key, wrapped) = keys.new_case_key(b"1");
    let sealed = key.seal(b"1", TEXTS[0].as_bytes());
    let query = Query::parse("人身安全保护令 派出所");
    each("cutting a text into words", |text| Words::shared().of_text(text).len());
    each("index line of a text", |text| line_of(text).len());
    each("index line of a name", |_| {
        let mut entry = Entry::new(keys);
        entry.name("曾晓梅");
        entry.line().len()
    });
    each("query of two parts", |_| query.hashes(keys).len());
    each("verifying one hit", |text| usize::from(query.matches(&[text], &[])));
    each("new case key, wrapped", |_| keys.new_case_key(b"1").1.len());
    each("unwrapping a case key", |_| usize::from(keys.unwrap(b"1", &wrapped).is_ok()));
    each("sealing a text", |text| key.seal(b"1", text.as_bytes()).len());
    each("opening a text", |_| key.open(b"1", &sealed).map_or(0, |text| text.len()));
    each("a case number", |_| usize::from(number::permute(keys, 7).is_some()));
}

/// Prints the best of five rounds, which is what the work costs on a quiet core.
fn each(what: &str, mut work: impl FnMut(&str) -> usize) {
    const TIMES: u32 = 2_000;
    let mut round = || {
        let begin = Instant::now();
        for text in TEXTS.iter().cycle().take(TIMES as usize) {
            black_box(work(black_box(text)));
        }
        begin.elapsed() / TIMES
    };
    let best = (0..5).map(|_| round()).min().unwrap_or_default();
    println!("  {what:<36} {:>8.2} µs", best.as_secs_f64() * 1e6);
}

fn private_kib() -> std::io::Result<u64> {
    let report = std::fs::read_to_string("/proc/self/smaps_rollup")?;
    let private = report.lines().filter(|line| line.starts_with("Private_"));
    Ok(private.filter_map(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok()).sum())
}
