//! The drawing of a workflow shows every state and every way, and is a sound file of its own.

use std::path::Path;

use domain::{
    pack::Pack,
    workflow::{Target, Workflow},
};

fn drawings() -> Vec<(Workflow, String)> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testkit/city");
    let city = packs::load(&dir).expect("a sound pack");
    let pack: &Pack = &city.pack;
    pack.workflows.values().map(|flow| (flow.clone(), packs::draw(flow))).collect()
}

#[test]
fn every_state_and_every_way_is_drawn() {
    for (flow, svg) in drawings() {
        for state in &flow.states {
            assert!(svg.contains(&format!(">{}</text>", state.name)), "{}", state.code);
        }
        let ways = flow.actions.iter().flat_map(|a| a.from.iter().map(move |from| (a, from)));
        for (action, from) in ways {
            let leads = matches!(&action.to, Target::State(to) if to != from);
            assert!(svg.contains(&action.name) || !leads, "{}", action.code);
        }
        assert!(svg.contains("<title id=\"title\">") && svg.contains("<desc id=\"desc\">"));
    }
}

/// Boxes stand apart, so that no state hides another.
#[test]
fn no_box_covers_another() {
    for (flow, svg) in drawings() {
        let mut boxes: Vec<(i32, i32)> = Vec::new();
        for part in svg.split("<rect x=\"").skip(1) {
            let (x, rest) = part.split_once("\" y=\"").expect("y");
            let (y, _) = rest.split_once('"').expect("the end of y");
            boxes.push((x.parse().expect("a number"), y.parse().expect("a number")));
        }
        assert_eq!(boxes.len(), flow.states.len());
        for (at, a) in boxes.iter().enumerate() {
            for b in boxes.iter().skip(at + 1) {
                let apart = (a.0 - b.0).abs() >= 168 || (a.1 - b.1).abs() >= 54;
                assert!(apart, "{}: {a:?} {b:?}", flow.code);
            }
        }
    }
}

#[test]
fn the_file_carries_no_script_and_no_inline_style() {
    for (mut flow, _) in drawings() {
        flow.name = "<script>alert(1)</script> & \"流程\"".to_owned();
        if let Some(state) = flow.states.first_mut() {
            state.name = "a<b>&c".to_owned();
        }
        let svg = packs::draw(&flow);
        assert!(!svg.contains("<script") && !svg.contains("style="), "{}", flow.code);
        assert!(svg.contains("a&lt;b&gt;&amp;c"));
        assert!(!svg.contains("href="));
        assert_eq!(svg.matches("<g ").count(), svg.matches("</g>").count());
    }
}

#[test]
fn the_same_workflow_gives_the_same_drawing() {
    for ((_, first), (_, second)) in drawings().into_iter().zip(drawings()) {
        assert_eq!(first, second);
    }
}
