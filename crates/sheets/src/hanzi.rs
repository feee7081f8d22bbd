//! Tells Chinese from noise: counts the characters that people really write.
//!
//! Two encodings can both decode a short text; the wrong one yields characters that stand in
//! dictionaries only. It judges decodings, never content.

use std::collections::HashSet;
use std::sync::LazyLock;

/// What a decoded text is made of.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reading {
    common: usize,
    rare: usize,
    broken: usize,
}

impl Reading {
    /// Higher is likelier. One broken character outweighs ten rare ones, since a right decoding of
    /// a sound file has none.
    pub(crate) fn score(self) -> i64 {
        let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX / 64);
        2 * count(self.common) - count(self.rare) - 20 * count(self.broken)
    }

    /// Whether this is Chinese text at all, perhaps with a few damaged places.
    pub(crate) fn is_plausible(self) -> bool {
        self.common * 3 >= self.rare.max(1) && self.broken * 10 <= self.common
    }
}

pub(crate) fn weigh(text: &str) -> Reading {
    let mut reading = Reading::default();
    for c in text.chars() {
        match c {
            '\u{fffd}' => reading.broken += 1,
            c if fits_everywhere(c) => {}
            c if COMMON.contains(&c) => reading.common += 1,
            _ => reading.rare += 1,
        }
    }
    reading
}

/// ASCII, punctuation, full-width forms and circled numbers say nothing about the encoding.
fn fits_everywhere(c: char) -> bool {
    matches!(
        c,
        '\0'..='\u{7f}' | '\u{b7}' | '\u{2010}'..='\u{2026}' | '\u{2460}'..='\u{249b}'
            | '\u{3000}'..='\u{3020}' | '\u{ff01}'..='\u{ff5e}'
    )
}

static COMMON: LazyLock<HashSet<char>> = LazyLock::new(|| {
    [SIMPLIFIED, TRADITIONAL, NAMES].iter().flat_map(|list| list.chars()).collect()
});

/// Frequent in simplified prose and in the tables of offices; many are written alike in both.
const SIMPLIFIED: &str = "\
    的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发\
    后作里用道行所然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开\
    但因只从想实日军者意无力它与长把机十民第公此已工使情明性知全三又关点正业外将两高间由问很最重并\
    物手应战向头文体政美相见被利什二等产或新己制身果加斯月话合回特代内信表化老给世位次度门任常先海\
    通教儿原东声提立及比员解水名真论处走义各入几口认条平系气题活尔更别打女变四神总何电数安少报才结\
    反受目太量再感建务做接必场件计管期市直德资命山金指克许统区保至队形社便空决治展马科司五基眼书非\
    则听白却界达光放强即像难且权思王象完设式色路记南品住告类求据程北边死张该交规万取拉格望觉术领共\
    确传师观清今切院让识候带导争运笔六七八九零百千元角男性别岁龄县镇街村社组户号码编序姓址址诉求妇\
    联童办承理答复限单位委厅局所站室股科处党群众访谈调查家庭婚姻暴养抚赡离财产儿留守困境救助帮扶援\
    律维护益申请登记备注状态类型标准省州区乡组楼栋层单元室邮箱微信手机联络监护父母亲夫妻兄弟姐妹孩\
    病癌检筛疗康医诊残健就业培训创岗招聘贷款志愿服爱温暖春夏秋冬花草树木红黄蓝绿黑早晚午夜星周节假\
    班课校园幼初级毕读写语言歌舞赛奖评选优秀先模范示德功劳贡献附件图片视频链网页系统账户密码字段项\
    目称描述简详细容摘要纠纷矛盾欠薪资补偿赔款费用预算支付收入支出余额合计小均最低额度占率比增减升\
    降本期上半季终止始起截至超预警办结归档撤销驳转派督退审批核签收拒未已请速尽快及早咨询投举报反映\
    来源渠道热线现场来信来电网络其他无法执行判仲裁和解";

/// Frequent characters whose traditional form differs.
const TRADITIONAL: &str = "\
    這個們來為國說時會對於後過發裡種經麼學現當沒動進樣實軍無與長機關點業將兩間問應戰頭體產見話門東聲\
    員論處義幾條係氣題爾變總電數報結場計資統區隊決馬書則聽卻達強難權設記張該規萬領確傳師觀讓識帶導\
    爭運縣鎮鄉號碼編訴婦聯辦單廳黨眾訪談調查養撫贍離財兒護益申請登備註狀態標準樓棟層郵監親孩檢篩療\
    醫診殘健訓創崗貸誌願愛溫節課園級畢讀寫語賽獎評選優勞貢獻圖視頻鏈網頁賬帳戶項稱簡詳細紛償賠費預\
    餘額均減終屆請諮詢線絡執趕緊開啟廣華劉陳楊黃趙吳孫許鄭謝馮蕭葉蘇呂蔣賈鄧閻陸萬顧龍齊錢湯羅賴\
    鍾麗靜強軍傑濤豔鳳鵬麗嬌媽爺奶臺灣灣與龜舊雙從專歷廠參壓勵卡去復徵準備極構檔案歲歷龄齡屬幹庫廢\
    彈徹憂懷憲戲損換據擊擔擇擴攝斷權歡歸殺漢潔濟災爲營獨環畫療盡禮祕穩窮競籌糧紅約級紙純組絕給綠維";

/// Frequent in names of people, where prose statistics say nothing.
const NAMES: &str = "\
    李王张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛\
    叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔\
    贺赖龚文伟芳娜敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂英华玉秀珍凤梅建志永红春国庆海燕鹏飞浩宇轩\
    梓涵欣怡子萱雨婷晨辉斌波宁琳洁慧莉雪玲燕萍莹佳倩颖云莲琴翠淑贞荣福祥瑞鑫龙虎兴旺盛茂松柏竹甲乙丙";
