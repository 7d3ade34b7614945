"""A list of any country is read in the encoding that leaves the letters of its language, and the plan shows some."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.lists.encoding import detect

COUNTRIES = {
    "Czech": ("cp1250", "Jméno;Město", "Jiří Dvořák;Řež", "Žofie;Ústí nad Labem"),
    "Czech, few letters": ("cp1250", "Name;City", "Jan Novák;Praha", "Petr Novotný;Děčín"),
    "Slovak": ("cp1250", "Meno;Mesto", "Ľubomír;Žilina", "Ján Kováč;Košice"),
    "Hungarian": ("cp1250", "Név;Város", "Kovács Győző;Győr", "Nagy Géza;Pécs", "Tóth Béla;Gödöllő"),
    "Polish": ("cp1250", "Imię;Miasto", "Paweł;Łódź", "Małgorzata;Gdańsk"),
    "Croatian": ("cp1250", "Ime;Grad", "Željko Jurić;Šibenik", "Đuro Marković;Čakovec"),
    "Romanian": ("cp1250", "Nume;Oraş", "Ştefan Ţepeş;Iaşi", "Mălina Bălan;Bacău"),
    "Turkish": ("cp1254", "Name;City", "Ayşe Yılmaz;Ankara", "Mehmet;İzmir"),  # noqa: RUF001 - Turkish
    "Lithuanian": ("cp1257", "Vardas;Miestas", "Žydrūnas;Šiauliai", "Jūratė Kazlauskienė;Panevėžys"),
    "Latvian": ("cp1257", "Vārds;Pilsēta", "Jānis Bērziņš;Rīga", "Līga Kalniņa;Jūrmala"),
    "German": ("cp1252", "Name;Ort", "Jörg Müller;Köln", "Jürgen Groß;Düsseldorf"),
    "French": ("cp1252", "Nom;Ville", "François Lefèvre;Nîmes", "Hélène Brûlé;Saint-Étienne"),
    "Spanish": ("cp1252", "Nombre;Ciudad", "José Núñez;Málaga", "Íñigo Peña;A Coruña"),
    "Portuguese": ("cp1252", "Nome;Cidade", "João Simões;São Paulo", "Conceição;Évora"),
    "Italian": ("cp1252", "Nome;Città", "Nicolò;Forlì", "Maria;Cantù"),
    "Danish": ("cp1252", "Navn;By", "Søren Kjær;Aarhus", "Bjørn Ågård;Tromsø"),
    "Swedish": ("cp1252", "Namn;Ort", "Åke Öberg;Växjö", "Märta;Malmö"),
    "Icelandic": ("cp1252", "Nafn;Borg", "Þórður Ægisson;Reykjavík", "Guðrún;Höfn"),
    "several western ones": ("cp1252", "Name;City", "Jörg;Köln", "François;Nîmes", "Søren;Ålborg", "Muñoz;São Paulo"),
    "signs only": ("cp1252", "Name;Note", "Bob;He said “hi” – it’s fine…", "Ann;5 € • x"),  # noqa: RUF001 - as Word types it
    "German, MS-DOS": ("cp850", "Name;Ort", "Jörg Müller;Köln", "Jürgen Groß;Düsseldorf"),
    "Polish, MS-DOS": ("cp852", "Imię;Miasto", "Paweł;Łódź", "Małgorzata;Gdańsk"),
    "French, Macintosh": ("mac_roman", "Nom;Ville", "François Lefèvre;Nîmes", "Hélène Brûlé;Saint-Étienne"),
    "Arabic": ("cp1256", "اسم;مدينة", "محمد;القاهرة"),
    "Japanese, Unix": ("euc_jp", "名前;市", "山田太郎;東京", "ヤマダ;大阪"),
    "Japanese, UTF-16 without a mark": ("utf-16-be", "名前;メモ", f"東京都渋谷区;{'日本語の長い文章です' * 30}"),
    "Thai": ("cp874", "ชื่อ;เมือง", "สมชาย;กรุงเทพ"),
}


@pytest.mark.parametrize("country", COUNTRIES)
def test_the_letters_of_a_country_are_recognised(country: str, tmp_path: Path) -> None:
    codec, *lines = COUNTRIES[country]
    data = "".join(f"{line};https://www.linkedin.com/in/lead-{n:03d}\r\n" for n, line in enumerate(lines)).encode(codec)
    path = tmp_path / "leads.csv"
    path.write_bytes(data)
    found = detect(path)
    assert data.decode(found.codec, "replace") == data.decode(codec)
    assert found.codec == codec


def test_the_plan_shows_a_text_that_the_guess_decides(tmp_path: Path) -> None:
    """“Jméno” looks the same in two encodings, so nobody sees a wrong guess by it."""
    path = tmp_path / "leads.csv"
    path.write_bytes("Jméno;Město;LinkedIn\r\nJiří;Řež;linkedin.com/in/lead-001\r\n".encode("cp1250"))
    assert detect(path).example == "Město"


def test_utf_32_is_no_utf_16(tmp_path: Path) -> None:
    """Its mark begins with that of UTF-16."""
    path = tmp_path / "leads.csv"
    path.write_bytes("Stadt,LinkedIn\nKöln,linkedin.com/in/lead-001\n".encode("utf-32"))
    assert detect(path).codec == "utf-32-le"
