"""What exports call each sport in each language that Strava exports.

What belongs here: labels, as data. What does not: the vocabulary they are brought to (``sport_types``),
and English labels, which are that vocabulary with blanks. A label means one sport, whatever the language.
"""

from __future__ import annotations

_LABELS = {
    "de": """
        Ride: Radfahrt | Radfahren
        MountainBikeRide: Mountainbikefahrt | Mountainbike-Fahrt | Mountainbiken
        GravelRide: Gravelfahrt | Gravel-Fahrt | Gravelbike-Fahrt
        EBikeRide: E-Bike-Fahrt | E-Bike-Radfahrt
        EMountainBikeRide: E-Mountainbike-Fahrt | E-Mountainbikefahrt
        VirtualRide: Virtuelle Radfahrt | Virtuelle Fahrt
        VirtualRun: Virtueller Lauf
        VirtualRow: Virtuelles Rudern | Virtuelle Rudereinheit
        Run: Lauf | Laufen
        TrailRun: Traillauf | Trail-Lauf | Trailrun
        Walk: Spaziergang | Gehen
        Hike: Wandern | Wanderung
        Swim: Schwimmen
        WeightTraining: Gewichtstraining | Krafttraining
        Workout: Training | Workout
        HighIntensityIntervalTraining: Hochintensives Intervalltraining
        AlpineSki: Ski Alpin | Skifahren | Alpinski
        BackcountrySki: Skitouren | Skitour
        NordicSki: Langlauf | Skilanglauf | Ski Nordisch
        RollerSki: Rollski | Skirollern
        Snowboard: Snowboarden
        Snowshoe: Schneeschuhwandern | Schneeschuhwanderung
        IceSkate: Eislaufen | Schlittschuhlaufen
        InlineSkate: Inlineskaten | Inline-Skating
        Rowing: Rudern
        Kayaking: Kajakfahren | Kajak
        Canoeing: Kanufahren | Kanufahrt | Kanu
        StandUpPaddling: Stehpaddeln
        Surfing: Surfen
        Windsurf: Windsurfen
        Kitesurf: Kitesurfen
        Sail: Segeln
        RockClimbing: Klettern
        Elliptical: Ellipsentrainer | Crosstrainer
        StairStepper: Treppensteigen | Stepper | Treppensteiger
        Soccer: Fußball
        TableTennis: Tischtennis
        Dance: Tanzen
        Handcycle: Handbike
        Wheelchair: Rollstuhl
        PhysicalTherapy: Physiotherapie
        Skateboard: Skateboarden
    """,
    "fr": """
        Ride: Vélo | Sortie à vélo | Cyclisme
        MountainBikeRide: VTT | Sortie VTT
        GravelRide: Gravel | Vélo gravel | Sortie gravel
        EBikeRide: Vélo électrique | VAE | Sortie en vélo électrique
        EMountainBikeRide: VTT électrique | VTTAE
        VirtualRide: Vélo virtuel | Sortie virtuelle | Sortie à vélo virtuelle
        VirtualRun: Course virtuelle | Course à pied virtuelle
        VirtualRow: Aviron virtuel
        Run: Course à pied
        TrailRun: Trail
        Walk: Marche
        Hike: Randonnée | Randonnée pédestre
        Swim: Natation
        WeightTraining: Musculation | Entraînement aux poids
        Workout: Entraînement
        HighIntensityIntervalTraining: Entraînement fractionné de haute intensité
        AlpineSki: Ski alpin
        BackcountrySki: Ski de randonnée | Ski de rando
        NordicSki: Ski nordique | Ski de fond
        RollerSki: Ski à roulettes | Ski-roues
        Snowshoe: Raquettes | Raquette à neige | Raquettes à neige
        IceSkate: Patin à glace | Patinage sur glace | Patinage
        InlineSkate: Roller | Patin à roues alignées
        Rowing: Aviron | Rameur
        Kayaking: Kayak
        Canoeing: Canoë
        StandUpPaddling: Stand up paddle | Planche à pagaie
        Surfing: Surf
        Windsurf: Planche à voile
        Sail: Voile
        RockClimbing: Escalade
        Elliptical: Vélo elliptique | Elliptique
        StairStepper: Simulateur d'escalier | Stepper d'escalier | Escalier
        Soccer: Football
        TableTennis: Tennis de table
        Dance: Danse
        Handcycle: Vélo à main | Handbike
        Velomobile: Vélomobile
        Wheelchair: Fauteuil roulant | Course en fauteuil
        PhysicalTherapy: Kinésithérapie | Physiothérapie
        Volleyball: Volley-ball
        Basketball: Basket-ball
        Skateboard: Planche à roulettes
    """,
    "es": """
        Ride: Ciclismo | Vuelta ciclista | Vuelta en bicicleta | Bicicleta | Actividad ciclista
        MountainBikeRide: Ciclismo de montaña | Bicicleta de montaña | Salida en bicicleta de montaña
        GravelRide: Ciclismo gravel | Ciclismo en gravilla | Ciclismo de gravel
        EBikeRide: Bicicleta eléctrica | Ciclismo eléctrico
        EMountainBikeRide: Bicicleta de montaña eléctrica | Ciclismo de montaña eléctrico
        VirtualRide: Ciclismo virtual | Vuelta virtual | Bicicleta virtual | Vuelta en bicicleta virtual
        VirtualRun: Carrera virtual
        VirtualRow: Remo virtual
        Run: Carrera
        TrailRun: Carrera de montaña | Carrera de trail | Carrera por senderos
        Walk: Caminata | Caminar | Paseo
        Hike: Senderismo | Excursión | Excursionismo
        Swim: Natación
        WeightTraining: Entrenamiento con pesas | Entrenamiento de fuerza | Pesas
        Workout: Entrenamiento
        HighIntensityIntervalTraining: Entrenamiento por intervalos de alta intensidad
        AlpineSki: Esquí alpino
        BackcountrySki: Esquí de travesía | Esquí de montaña
        NordicSki: Esquí nórdico | Esquí de fondo
        RollerSki: Esquí sobre ruedas | Rollerski
        Snowshoe: Raquetas de nieve
        IceSkate: Patinaje sobre hielo
        InlineSkate: Patinaje en línea | Patinaje
        Rowing: Remo
        Kayaking: Kayak | Piragüismo en kayak
        Canoeing: Canoa | Piragüismo | Canotaje
        StandUpPaddling: Paddle surf | Remo de pie
        Surfing: Surf
        Windsurf: Windsurf
        Sail: Vela
        RockClimbing: Escalada | Escalada en roca
        Elliptical: Elíptica
        StairStepper: Escaladora | Máquina de escaleras | Simulador de escaleras
        Soccer: Fútbol
        TableTennis: Tenis de mesa
        Tennis: Tenis
        Dance: Baile | Danza
        Handcycle: Bicicleta de mano | Ciclismo de mano
        Velomobile: Velomóvil
        Wheelchair: Silla de ruedas
        PhysicalTherapy: Fisioterapia
        Padel: Pádel
        Volleyball: Voleibol
        Basketball: Baloncesto | Básquetbol
        Skateboard: Monopatín
    """,
    "it": """
        Ride: Ciclismo | Pedalata | Giro in bici | Giro in bicicletta
        MountainBikeRide: Pedalata in mountain bike | Giro in mountain bike
        GravelRide: Pedalata gravel | Giro in gravel
        EBikeRide: Pedalata con e-bike | Giro in e-bike | Pedalata in e-bike
        EMountainBikeRide: Pedalata con e-mountain bike | Pedalata in e-mountain bike | Pedalata con e-MTB
        VirtualRide: Pedalata virtuale | Ciclismo virtuale | Giro virtuale
        VirtualRun: Corsa virtuale
        VirtualRow: Canottaggio virtuale
        Run: Corsa
        TrailRun: Trail running | Corsa in montagna | Corsa su sentiero
        Walk: Camminata | Passeggiata
        Hike: Escursione | Escursionismo | Trekking
        Swim: Nuotata | Nuoto
        WeightTraining: Allenamento con i pesi | Allenamento pesi | Pesi
        Workout: Allenamento | Allenamento generico
        HighIntensityIntervalTraining: Allenamento a intervalli ad alta intensità
        AlpineSki: Sci alpino | Sci
        BackcountrySki: Sci alpinismo | Scialpinismo
        NordicSki: Sci nordico | Sci di fondo
        RollerSki: Skiroll
        Snowshoe: Ciaspole | Racchette da neve | Ciaspolata
        IceSkate: Pattinaggio su ghiaccio
        InlineSkate: Pattinaggio in linea | Pattinaggio inline
        Rowing: Canottaggio
        Kayaking: Kayak
        Canoeing: Canoa
        StandUpPaddling: Stand up paddle | SUP
        Surfing: Surf
        Windsurf: Windsurf
        Sail: Vela
        RockClimbing: Arrampicata | Arrampicata su roccia
        Elliptical: Ellittica
        StairStepper: Stepper | Scalinata
        Soccer: Calcio
        TableTennis: Tennistavolo | Ping pong
        Dance: Danza | Ballo
        Handcycle: Handbike
        Velomobile: Velomobile
        Wheelchair: Sedia a rotelle
        PhysicalTherapy: Fisioterapia
        Volleyball: Pallavolo
        Basketball: Pallacanestro
    """,
    "nl": """
        Ride: Fietsrit | Fietsen
        MountainBikeRide: Mountainbikerit | Mountainbiken | Mountainbike-rit
        GravelRide: Gravelrit | Gravelfietsrit | Gravel-rit
        EBikeRide: E-bikerit | E-fietsrit | Rit op e-bike | E-bike-rit
        EMountainBikeRide: E-mountainbikerit | E-mountainbike-rit
        VirtualRide: Virtuele fietsrit | Virtuele rit
        VirtualRun: Virtuele hardloopsessie | Virtuele loop | Virtueel hardlopen
        VirtualRow: Virtuele roeisessie | Virtueel roeien
        Run: Hardloopsessie | Hardlopen
        TrailRun: Trailrun | Trailrunning | Trailloop
        Walk: Wandeling | Wandelen
        Hike: Hiken | Hike | Trektocht | Wandeltocht
        Swim: Zwemmen
        WeightTraining: Krachttraining | Gewichttraining
        Workout: Training
        HighIntensityIntervalTraining: Intervaltraining met hoge intensiteit
        AlpineSki: Alpineskiën | Skiën | Alpine skiën
        BackcountrySki: Toerskiën | Off-piste skiën
        NordicSki: Langlaufen | Noords skiën
        RollerSki: Rolskiën
        Snowboard: Snowboarden
        Snowshoe: Sneeuwschoenwandelen | Sneeuwschoenlopen
        IceSkate: Schaatsen
        InlineSkate: Inlineskaten | Skeeleren | Inline-skaten
        Rowing: Roeien
        Kayaking: Kajakken | Kayakken
        Canoeing: Kanoën
        StandUpPaddling: Suppen | Stand-up paddling
        Surfing: Surfen
        Windsurf: Windsurfen
        Kitesurf: Kitesurfen
        Sail: Zeilen
        RockClimbing: Rotsklimmen | Klimmen
        Elliptical: Crosstrainer
        StairStepper: Stepapparaat | Stepper | Traplopen
        Soccer: Voetbal
        TableTennis: Tafeltennis
        Dance: Dansen | Dans
        Handcycle: Handbike | Handbiken
        Velomobile: Velomobiel
        Wheelchair: Rolstoel
        PhysicalTherapy: Fysiotherapie
        Volleyball: Volleybal
        Basketball: Basketbal
        Skateboard: Skateboarden
    """,
    "pt": """
        Ride: Pedalada | Ciclismo | Volta de bicicleta
        MountainBikeRide: Pedalada de mountain bike | Mountain bike | Pedalada de MTB | BTT | Volta de BTT
        GravelRide: Pedalada de gravel | Pedalada em gravel | Gravel
        EBikeRide: Pedalada de e-bike | Pedalada de bicicleta elétrica | Bicicleta elétrica
        EMountainBikeRide: Pedalada de e-mountain bike | Mountain bike elétrica
        VirtualRide: Pedalada virtual | Ciclismo virtual | Volta virtual | Volta de bicicleta virtual
        VirtualRun: Corrida virtual
        VirtualRow: Remo virtual
        Run: Corrida
        TrailRun: Corrida em trilha | Corrida de trilha | Corrida de trail | Trail
        Walk: Caminhada
        Hike: Trilha | Passeio pedestre | Percurso pedestre
        Swim: Natação
        WeightTraining: Treino com peso | Treinamento com pesos | Treino com pesos | Treino de força | Musculação
        Workout: Treino | Treinamento | Exercício
        HighIntensityIntervalTraining: Treino intervalado de alta intensidade
        AlpineSki: Esqui alpino
        BackcountrySki: Esqui fora de pista | Esqui backcountry | Esqui de travessia
        NordicSki: Esqui nórdico | Esqui cross-country | Esqui de fundo
        RollerSki: Esqui com rodas | Rollerski | Esqui sobre rodas
        Snowshoe: Caminhada com raquetes de neve | Caminhada na neve | Raquetes de neve
        IceSkate: Patinação no gelo | Patinagem no gelo
        InlineSkate: Patinação em linha | Patinagem em linha | Patins | Patins em linha
        Rowing: Remo
        Kayaking: Caiaque
        Canoeing: Canoagem
        StandUpPaddling: Stand up paddle
        Surfing: Surfe | Surf
        Windsurf: Windsurf | Windsurfe
        Sail: Vela
        RockClimbing: Escalada | Escalada em rocha
        Elliptical: Elíptico
        StairStepper: Simulador de escada | Escada | Simulador de escadas
        Soccer: Futebol
        TableTennis: Tênis de mesa | Ténis de mesa
        Tennis: Tênis | Ténis
        Dance: Dança
        Handcycle: Handbike | Bicicleta de mão
        Velomobile: Velomóvel
        Wheelchair: Cadeira de rodas
        PhysicalTherapy: Fisioterapia
        Volleyball: Vôlei | Voleibol
        Basketball: Basquete | Basquetebol
        Skateboard: Skate
    """,
    "cs": """
        Ride: Jízda | Jízda na kole
        MountainBikeRide: Jízda na horském kole
        GravelRide: Jízda na gravel kole | Jízda na gravelu
        EBikeRide: Jízda na elektrokole
        EMountainBikeRide: Jízda na horském elektrokole
        VirtualRide: Virtuální jízda | Virtuální jízda na kole
        VirtualRun: Virtuální běh
        VirtualRow: Virtuální veslování
        Run: Běh
        TrailRun: Trailový běh | Běh v terénu | Terénní běh
        Walk: Chůze | Procházka
        Hike: Turistika | Pěší turistika | Túra
        Swim: Plavání
        WeightTraining: Posilování | Silový trénink
        Workout: Trénink | Cvičení
        HighIntensityIntervalTraining: Vysoce intenzivní intervalový trénink
        AlpineSki: Sjezdové lyžování | Alpské lyžování
        BackcountrySki: Skialpinismus | Skialp
        NordicSki: Běžecké lyžování | Běh na lyžích | Severské lyžování
        RollerSki: Kolečkové lyže | Jízda na kolečkových lyžích
        Snowboard: Snowboarding
        Snowshoe: Sněžnice | Chůze na sněžnicích
        IceSkate: Bruslení | Bruslení na ledě
        InlineSkate: Inline bruslení | Bruslení na kolečkových bruslích
        Rowing: Veslování
        Kayaking: Jízda na kajaku | Kajak
        Canoeing: Kanoistika | Jízda na kánoi
        StandUpPaddling: Paddleboarding | Paddleboard
        Surfing: Surfování
        Windsurf: Windsurfing
        Kitesurf: Kitesurfing
        Sail: Plachtění | Jachting
        RockClimbing: Lezení | Skalní lezení | Horolezectví
        Elliptical: Eliptický trenažér | Orbitrek
        StairStepper: Stepper | Schodový trenažér
        Soccer: Fotbal
        TableTennis: Stolní tenis
        Tennis: Tenis
        Dance: Tanec
        Handcycle: Handbike
        Wheelchair: Invalidní vozík | Vozík
        PhysicalTherapy: Fyzioterapie
        Yoga: Jóga
        Volleyball: Volejbal
        Basketball: Basketbal
    """,
    "ja": """
        Ride: ライド | サイクリング
        MountainBikeRide: マウンテンバイクライド | マウンテンバイク
        GravelRide: グラベルライド | グラベル
        EBikeRide: E-Bikeライド | eバイクライド | 電動自転車ライド
        EMountainBikeRide: E-マウンテンバイクライド | eマウンテンバイクライド
        VirtualRide: バーチャルライド
        VirtualRun: バーチャルラン | バーチャルランニング
        VirtualRow: バーチャルローイング | バーチャルロウ
        Run: ランニング | ラン
        TrailRun: トレイルラン | トレイルランニング
        Walk: ウォーク | ウォーキング
        Hike: ハイク | ハイキング
        Swim: スイム | 水泳
        WeightTraining: ウェイトトレーニング | ウエイトトレーニング
        Workout: ワークアウト
        HighIntensityIntervalTraining: 高強度インターバルトレーニング
        AlpineSki: アルペンスキー
        BackcountrySki: バックカントリースキー
        NordicSki: ノルディックスキー
        RollerSki: ローラースキー
        Snowboard: スノーボード
        Snowshoe: スノーシュー
        IceSkate: アイススケート
        InlineSkate: インラインスケート
        Rowing: ローイング | ボート
        Kayaking: カヤック | カヤッキング
        Canoeing: カヌー
        StandUpPaddling: スタンドアップパドル | スタンドアップパドリング
        Surfing: サーフィン
        Windsurf: ウィンドサーフィン | ウインドサーフィン
        Kitesurf: カイトサーフィン | カイトサーフ
        Sail: セーリング | ヨット
        RockClimbing: ロッククライミング | クライミング
        Elliptical: エリプティカル
        StairStepper: ステアステッパー
        Soccer: サッカー
        TableTennis: 卓球
        Tennis: テニス
        Dance: ダンス
        Golf: ゴルフ
        Handcycle: ハンドサイクル
        Velomobile: ベロモービル
        Wheelchair: 車椅子 | 車いす
        PhysicalTherapy: 理学療法
        Yoga: ヨガ
        Pilates: ピラティス
        Crossfit: クロスフィット
        Skateboard: スケートボード
        Badminton: バドミントン
        Volleyball: バレーボール
        Basketball: バスケットボール
        Squash: スカッシュ
        Pickleball: ピックルボール
        Padel: パデル
        Cricket: クリケット
        Racquetball: ラケットボール
    """,
    "zh-Hans": """
        Ride: 骑行
        MountainBikeRide: 山地骑行 | 山地车骑行 | 山地自行车骑行
        GravelRide: 砾石骑行 | 砾石路骑行
        EBikeRide: 电动自行车骑行 | 电助力骑行
        EMountainBikeRide: 电动山地车骑行 | 电动山地自行车骑行
        VirtualRide: 虚拟骑行
        VirtualRun: 虚拟跑步
        VirtualRow: 虚拟划船
        Run: 跑步
        TrailRun: 越野跑
        Walk: 步行 | 健走 | 散步
        Hike: 徒步 | 远足
        Swim: 游泳
        WeightTraining: 力量训练 | 重量训练
        Workout: 训练 | 锻炼
        HighIntensityIntervalTraining: 高强度间歇训练
        AlpineSki: 高山滑雪
        BackcountrySki: 野外滑雪 | 登山滑雪
        NordicSki: 越野滑雪 | 北欧滑雪
        RollerSki: 轮滑雪 | 滑轮滑雪
        Snowboard: 单板滑雪
        Snowshoe: 雪鞋健行 | 雪鞋行走
        IceSkate: 滑冰
        InlineSkate: 直排轮滑 | 轮滑
        Rowing: 划船 | 赛艇
        Kayaking: 皮划艇
        Canoeing: 独木舟
        StandUpPaddling: 立式桨板 | 桨板
        Surfing: 冲浪
        Windsurf: 帆板 | 风帆冲浪
        Kitesurf: 风筝冲浪
        Sail: 帆船
        RockClimbing: 攀岩
        Elliptical: 椭圆机
        StairStepper: 踏步机 | 楼梯机
        Soccer: 足球
        TableTennis: 乒乓球
        Tennis: 网球
        Dance: 舞蹈
        Golf: 高尔夫 | 高尔夫球
        Handcycle: 手摇车
        Wheelchair: 轮椅
        PhysicalTherapy: 物理治疗
        Yoga: 瑜伽
        Pilates: 普拉提
        Skateboard: 滑板
        Badminton: 羽毛球
        Volleyball: 排球
        Basketball: 篮球
        Squash: 壁球
        Pickleball: 匹克球
        Cricket: 板球
    """,
    "zh-Hant": """
        Ride: 騎乘 | 騎行 | 自行車騎乘
        MountainBikeRide: 登山車騎乘 | 登山車騎行
        GravelRide: 礫石騎乘 | 礫石路騎乘 | 礫石騎行
        EBikeRide: 電動自行車騎乘 | 電動自行車騎行
        EMountainBikeRide: 電動登山車騎乘 | 電動登山車騎行
        VirtualRide: 虛擬騎乘 | 虛擬騎行
        VirtualRun: 虛擬跑步
        VirtualRow: 虛擬划船
        Run: 跑步
        TrailRun: 越野跑
        Walk: 步行 | 健走
        Hike: 健行 | 遠足 | 登山健行
        Swim: 游泳
        WeightTraining: 重訓 | 重量訓練
        Workout: 健身 | 訓練
        HighIntensityIntervalTraining: 高強度間歇訓練
        AlpineSki: 高山滑雪
        BackcountrySki: 野地滑雪 | 登山滑雪
        NordicSki: 越野滑雪 | 北歐滑雪
        RollerSki: 滑輪滑雪
        Snowboard: 單板滑雪 | 滑雪板
        Snowshoe: 雪鞋健行
        IceSkate: 溜冰 | 滑冰
        InlineSkate: 直排輪
        Rowing: 划船
        Kayaking: 皮艇 | 輕艇
        Canoeing: 獨木舟
        StandUpPaddling: 立槳 | 立式划槳
        Surfing: 衝浪
        Windsurf: 風浪板
        Kitesurf: 風箏衝浪
        Sail: 帆船
        RockClimbing: 攀岩
        Elliptical: 橢圓機
        StairStepper: 踏步機 | 爬梯機
        Soccer: 足球
        TableTennis: 桌球
        Tennis: 網球
        Dance: 舞蹈
        Golf: 高爾夫 | 高爾夫球
        Handcycle: 手搖車
        Wheelchair: 輪椅
        PhysicalTherapy: 物理治療
        Yoga: 瑜珈 | 瑜伽
        Pilates: 皮拉提斯
        Skateboard: 滑板
        Badminton: 羽球
        Volleyball: 排球
        Basketball: 籃球
        Squash: 壁球
        Pickleball: 匹克球
        Cricket: 板球
    """,
}

#: Language to our word for a sport to its labels, the one that is written today first.
LABELS: dict[str, dict[str, list[str]]] = {
    language: {
        word.strip(): [label.strip() for label in labels.split("|")]
        for word, labels in (line.split(":", 1) for line in text.strip().splitlines())
    }
    for language, text in _LABELS.items()
}

#: What only virtual sports have in their name; Polish, Russian, Turkish, Greek, Hebrew, Arabic, Korean besides.
VIRTUAL = (
    *["virtu", "wirtu", "виртуал", "sanal", "εικονικ", "וירטואל", "افتراض"],
    *["バーチャル", "ヴァーチャル", "虚拟", "虛擬", "가상"],
)
