const english = `
  acorn airport almond anchor antler apple apron archway ashtray attic autumn avenue backpack badger bagpipe balcony ballet bamboo banjo
  bathtub beaver bedroom beetle bicycle birthday biscuit blanket blossom bonfire boulder bracelet bridge bronze bucket buffalo bumper
  button cabbage cactus camel candle canyon caravan carpet cartoon cedar cheese cherry chimney cinema circus clarinet climber clover
  cobweb coconut compass copper coral cottage cowboy cricket crystal cuckoo cupboard curtain cyclone daisy daylight dentist desert
  diamond dinner dolphin donkey doorbell dragon drummer eagle earring eclipse elbow elephant emerald engine envelope evening farmer
  feather fiddle firefly flamingo flannel forest fountain freckle galaxy garden garlic gazelle geyser giraffe glacier gorilla granite
  grape guitar gymnast hammock harbour harvest hazelnut hedgehog helmet horizon hotel hurdle iceberg igloo island ivory jackdaw jaguar
  jasmine jelly jigsaw journey juggler juniper kangaroo kayak kennel keyhole kimono kitchen kiwi lagoon lantern laundry lavender lemon
  leopard lettuce library lilac lizard lobster luggage magnet mammoth marble mattress meadow mermaid midnight mirror mitten monsoon
  mosaic mushroom mustard napkin necklace nephew notebook nugget nutmeg oatmeal octopus olive omelette onion opera orange orchard
  origami ostrich otter palace pancake parsley passport peacock peanut pebble pelican pencil penguin piano pigeon pillow plaster polka
  pony postcard pretzel pumpkin puppet quarry rabbit raccoon radio raincoat raisin raven ribbon robin roof rosemary rucksack saffron
  sailor sandal sapphire satchel seagull shower silver sledge snowman sofa spaniel sparrow spider spinach stadium stapler statue sugar
  sunrise swallow sweater teacup temple terrace theatre thimble thunder tiger tomato torch tractor trumpet tulip vanilla village violin
  volcano waffle walnut whisker whistle window yacht yoghurt zebra
`
const german = `
  Abend Abenteuer Acker Ahorn Ampel Ananas Aquarium Armband Atlas Aubergine Aussicht Backofen Badewanne Bagger Bahnhof Balkon Bambus
  Banane Bauch Becher Beere Besen Bettdecke Biber Birke Blatt Bleistift Blume Bohne Boot Brezel Brille Brombeere Brücke Brunnen Bürste
  Butter Clown Computer Dachboden Dachs Dampfer Daumen Decke Delfin Diamant Distel Donner Dorf Dreirad Dschungel Düne Eiche Eidechse
  Eisbär Elefant Elster Ente Erbse Erdbeere Fabrik Faden Fahrrad Falke Feige Fernseher Festung Feuerwehr Finger Fisch Flamingo Flamme
  Flasche Flöte Flugzeug Forelle Frühling Gabel Gans Garten Gebirge Gemüse Gewitter Gewürz Giraffe Gitarre Gladiole Glocke Gorilla
  Granit Grotte Hahn Hammer Handschuh Harfe Haselnuss Haustür Hecht Helm Himbeere Honig Hotel Igel Iltis Jaguar Joghurt Juwel Käfer
  Kaffee Kajak Kaktus Kamin Känguru Kaninchen Kapitän Kartoffel Kastanie Katze Keller Kirsche Kissen Klavier Klee Knoblauch Knopf Kohl
  Kokosnuss Kolibri Komet Kompass Konzert Krabbe Kran Kürbis Laterne Laub Lavendel Lehrling Leiter Leopard Libelle Limonade Linde Löffel
  Magnet Mandarine Mandel Marmelade Matratze Maulwurf Melone Messer Mikrofon Mond Morgen Motor Möwe Mühle Muschel Museum Nachbar Nest
  Nilpferd Oase Ofen Ohrring Olive Orange Orchester Oregano Paket Panther Papagei Paprika Parkplatz Pelikan Perle Pfanne Pfau Pfeffer
  Pferd Pfirsich Pilz Pinguin Pinsel Pirat Posaune Postkarte Pudding Pullover Puppe Pyramide Quark Quelle Quitte Radio Reis Rettich Ring
  Rosmarin Rucksack Ruder Rutsche Säge Salat Salbei Sandale Sattel Schaf Schatten Schaukel Schere Schlange Schloss Schnecke Schrank
  Sellerie Sieb Sofa Spargel Spatz Spinne Stadion Star Stein Stiefel Storch Strand Strumpf Stuhl Teppich Theater Tomate Traktor Trommel
  Trompete Truhe Tunnel Turm Umschlag Vanille Veilchen Vorhang Vulkan Wacholder Wald Walnuss Weizen Wespe Wurzel Zebra Ziege Zimt Zirkus
  Zitrone Zwiebel
`

/** 256 words in each language: no two look or sound nearly the same. */
export const phraseWords = { en: wordsIn(english), de: wordsIn(german) } as const

function wordsIn(text: string): readonly string[] {
  return text.trim().split(/\s+/)
}
