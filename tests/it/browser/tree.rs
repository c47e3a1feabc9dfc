//! The page as Chromium exposes it to a screen reader: the accessibility tree.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::tab::Tab;

/// What there is to hear, in the order of reading.
pub(super) struct Tree(Vec<Node>);

/// One thing in it.
pub(super) struct Node {
    node: Value,
    /// The ids of what it is in.
    around: Vec<String>,
}

impl Tree {
    /// The tree as it is now.
    #[track_caller]
    pub(super) fn of(tab: &Tab) -> Self {
        let answer = tab.devtools("Accessibility.getFullAXTree", json!({}));
        let nodes = answer["nodes"].as_array().unwrap();
        let by_id = nodes.iter().map(|node| (id(node), node)).collect();
        let mut tree = Tree(Vec::new());
        tree.add(&nodes[0], &by_id, &[]);
        tree
    }

    fn add(&mut self, node: &Value, by_id: &HashMap<&str, &Value>, around: &[String]) {
        if node["ignored"] == false {
            self.0.push(Node { node: node.clone(), around: around.to_vec() });
        }
        let around = [around, &[id(node).to_owned()]].concat();
        let children = node["childIds"].as_array().into_iter().flatten();
        for child in children.filter_map(|child| by_id.get(child.as_str()?)) {
            self.add(child, by_id, &around);
        }
    }

    /// Everything of a role.
    pub(super) fn all(&self, role: &str) -> impl DoubleEndedIterator<Item = &Node> {
        self.0.iter().filter(move |node| node.role() == role)
    }

    /// Roles and names of what is in the page itself.
    pub(super) fn outline(&self, wanted: impl Fn(&Node) -> bool) -> Vec<String> {
        let nodes = self.0.iter().skip(1).filter(|node| wanted(node));
        nodes.map(Node::title).collect()
    }

    /// Role and name of what has the focus: the innermost, as the page has it, too.
    pub(super) fn focused(&self) -> String {
        let focused = self.0.iter().rfind(|node| node.property("focused") == true);
        focused.map(Node::title).unwrap_or_default()
    }

    /// The texts in a node, without the time.
    pub(super) fn texts_in(&self, node: &Node) -> Vec<&str> {
        let texts = self.all("StaticText").filter(|text| text.is_in(node));
        texts.map(Node::name).filter(|text| !is_time(text)).collect()
    }

    /// Whether something in a node has this property.
    pub(super) fn within(&self, node: &Node, property: &str) -> bool {
        self.0.iter().any(|one| one.is_in(node) && !one.property(property).is_null())
    }
}

impl Node {
    pub(super) fn role(&self) -> &str {
        self.node["role"]["value"].as_str().unwrap_or_default()
    }

    pub(super) fn name(&self) -> &str {
        self.node["name"]["value"].as_str().unwrap_or_default()
    }

    pub(super) fn description(&self) -> &str {
        self.node["description"]["value"].as_str().unwrap_or_default()
    }

    /// `null` if it has none of that name.
    pub(super) fn property(&self, name: &str) -> &Value {
        let mut properties = self.node["properties"].as_array().into_iter().flatten();
        let found = properties.find(|property| property["name"] == name);
        found.map_or(&Value::Null, |property| &property["value"]["value"])
    }

    fn title(&self) -> String {
        format!("{} {}", self.role(), self.name()).trim_end().to_owned()
    }

    fn is_in(&self, node: &Node) -> bool {
        self.around.iter().any(|around| around == id(&node.node))
    }
}

fn id(node: &Value) -> &str {
    node["nodeId"].as_str().unwrap()
}

/// `22:06`
fn is_time(text: &str) -> bool {
    text.len() == 5 && text.as_bytes()[2] == b':'
}
