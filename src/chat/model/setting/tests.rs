use super::*;

#[test]
fn a_new_room_has_everything_off_but_ctcp() {
    let settings = RoomSettings::default();
    assert_eq!(
        settings.to_string(),
        "invite-only off, key off, hidden off, moderated off, topic-lock off, limit off, \
         outside off, ctcp on, slow off"
    );
    assert!(settings.are_default() && !settings.are_private());
}

#[test]
fn every_setting_is_found_by_its_name_and_letter_and_takes_what_its_usage_says() {
    for row in SETTINGS {
        assert_eq!(row.setting.row().name, row.name);
        assert_eq!(Setting::named(&row.name.to_uppercase()), Some(row.setting));
        if let Some(letter) = row.letter {
            assert_eq!(Setting::of_letter(letter), Some(row.setting));
        }
        assert!(row.usage.starts_with(&format!("/room {} ", row.name)), "{}", row.usage);
        let (_, values) = row.usage.rsplit_once(' ').unwrap();
        for word in values.split('|') {
            let word = match word {
                "NUMBER" | "SECONDS" => "10",
                other => other,
            };
            assert!(row.setting.parse(word).is_some(), "{} {word}", row.name);
        }
        assert_eq!(row.setting.parse(""), None, "{}", row.name);
    }
    assert_eq!(Setting::named("foo"), None);
    assert_eq!(Setting::of_letter('z'), None);
}

#[test]
fn a_setting_is_changed_once_and_only_by_a_value_of_its_kind() {
    let mut settings = RoomSettings::default();
    for row in SETTINGS {
        let word = match row.setting {
            Setting::Limit | Setting::Slow => "10",
            Setting::Key => "s3cret",
            Setting::Ctcp => "off",
            _ => "on",
        };
        let value = row.setting.parse(word).unwrap();
        assert!(settings.set(row.setting, value.clone()), "{}", row.name);
        assert!(!settings.set(row.setting, value.clone()), "{}", row.name);
        assert_eq!(settings.get(row.setting), value);
    }
    assert!(!settings.set(Setting::Limit, SettingValue::Switch(true)));
    assert_eq!(
        settings.to_string(),
        "invite-only on, key on, hidden on, moderated on, topic-lock on, limit 10, outside on, \
         ctcp off, slow 10"
    );
    let saved = serde_json::to_string(&settings).unwrap();
    assert_eq!(serde_json::from_str::<RoomSettings>(&saved).unwrap(), settings);
}

#[test]
fn invite_only_key_and_hidden_make_a_room_private() {
    for (setting, word) in
        [(Setting::InviteOnly, "on"), (Setting::Key, "k"), (Setting::Hidden, "on")]
    {
        let mut settings = RoomSettings::default();
        settings.set(setting, setting.parse(word).unwrap());
        assert!(settings.are_private(), "{setting:?}");
        settings.set(setting, setting.parse("off").unwrap());
        assert!(settings.are_default(), "{setting:?}");
    }
}

#[test]
fn a_key_is_1_to_23_printable_ascii_characters() {
    for good in ["k", "s3cret:", "~!@#$", &"k".repeat(23)] {
        assert_eq!(RoomKey::new(good).unwrap().as_str(), good);
    }
    for bad in ["", ":k", "a,b", "a b", "a\tb", "caf\u{e9}", "OFF", &"k".repeat(24)] {
        assert_eq!(RoomKey::new(bad), None, "{bad}");
    }
    assert_eq!(format!("{:?}", RoomKey::new("s3cret")), "Some(RoomKey(..))");
}

#[test]
fn numbers_have_bounds() {
    for (setting, most) in [(Setting::Limit, 9999), (Setting::Slow, 3600)] {
        let number = |number: u64| setting.parse(&number.to_string());
        assert_eq!(number(most), Some(SettingValue::Number(Some(most))));
        assert_eq!(number(most + 1), None);
        assert_eq!(setting.parse("-1"), None);
    }
    assert_eq!(Setting::Limit.parse("0"), None);
    assert_eq!(Setting::Slow.parse("0"), Some(SettingValue::Number(None)));
}
