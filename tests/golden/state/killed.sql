PRAGMA application_id = 1380142659;
BEGIN TRANSACTION;
CREATE TABLE audit (
	environment INTEGER NOT NULL, 
	serial BIGINT NOT NULL, 
	epoch BIGINT NOT NULL, 
	at TEXT NOT NULL, 
	who TEXT NOT NULL, 
	what TEXT NOT NULL, 
	journal TEXT NOT NULL, 
	change TEXT NOT NULL, 
	hash TEXT NOT NULL, 
	PRIMARY KEY (environment, serial), 
	FOREIGN KEY(environment) REFERENCES meta (id)
)
 WITHOUT ROWID

;
INSERT INTO "audit" VALUES(1,1,1,'2026-01-05T08:00:00+00:00','{"host":"ops1.contoso.com","operation":"apply","pid":4711,"run":"285ae771386b01f7b7807389b2","started":"2026-01-05T08:00:00+00:00","user":"kim"}','{"commit":null,"kind":"begin","plan":"c81756a58aaa67e0312df628518b7ac68acfb9c0fab04dd545ac79dc5abf6033","run":"285ae771386b01f7b7807389b2"}','e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855','cc1bb3e50c18f1ac9c45803cf31cbb914004553a13f7f88c249855b98f7c39b4','48e85163bac34cc83c4be387c2d4722d7abb86831b35c8a3b4e89f844d02985d');
INSERT INTO "audit" VALUES(1,2,1,'2026-01-05T08:00:00+00:00','{"host":"ops1.contoso.com","operation":"apply","pid":4711,"run":"285ae771386b01f7b7807389b2","started":"2026-01-05T08:00:00+00:00","user":"kim"}','{"decisions":["dial_plan/Redmond:site","domain_controller"]}','e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855','e8bbb6a117caa6a896affc75f663abecece38773bca83eeca238097bc7e9bd18','34ea75b30eb7986ed3bd79f925ef779e0bed7241fa4b82ad79b14745a0922f72');
INSERT INTO "audit" VALUES(1,3,1,'2026-01-05T08:00:00+00:00','{"host":"ops1.contoso.com","operation":"apply","pid":4711,"run":"285ae771386b01f7b7807389b2","started":"2026-01-05T08:00:00+00:00","user":"kim"}','{"intents":["6d3a7b022cd7e42df3b0a60ba3"]}','c8f74095cccbe95770ba3f78d27e1ccb7d719a408e5ab9faaddc238e54562e54','e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855','581e0da9d3d48c6473e23f9b630bae53ba41d54b5faffb38b1ac923dc231bc58');
INSERT INTO "audit" VALUES(1,4,1,'2026-01-05T08:00:00+00:00','{"host":"ops1.contoso.com","operation":"apply","pid":4711,"run":"285ae771386b01f7b7807389b2","started":"2026-01-05T08:00:00+00:00","user":"kim"}','{"outcomes":[["6d3a7b022cd7e42df3b0a60ba3","done"]],"remember":1}','05681479d5620f33fcb2729ab75983b7c9a6747fd7a673ccb6ed4c7c16fe5d48','d588f00e35c23dc44a61b12f95a82906979abe7672a5534f6e5cb9ccbf3ccd28','2a4d08e3f31d49adc78e09e94edaba66f0abab6d42d02d8d44f25e0c7156ed3d');
INSERT INTO "audit" VALUES(1,5,1,'2026-01-05T08:00:00+00:00','{"host":"ops1.contoso.com","operation":"apply","pid":4711,"run":"285ae771386b01f7b7807389b2","started":"2026-01-05T08:00:00+00:00","user":"kim"}','{"intents":["50c05536cd3dc0713c603b5c51"],"owe":[["um-service-restart","ex1.contoso.com"]]}','f464f48b5f31f3b148ccb0d6b1fa11675f2bf6edfea4b681aaf808d3df0d7998','f30e6948d7fca99d729b2d4edbd7c63752de8cfe78df3b83112284160ec77c28','f972df79668ed0ec526638f88ecaed3a6c779f9779e23c2f6349f099e382edfa');
INSERT INTO "audit" VALUES(1,6,1,'2026-01-05T08:00:00+00:00','{"host":"ops1.contoso.com","operation":"apply","pid":4711,"run":"285ae771386b01f7b7807389b2","started":"2026-01-05T08:00:00+00:00","user":"kim"}','{"outcomes":[["50c05536cd3dc0713c603b5c51","done"]],"owe":[["um-service-restart","ex1.contoso.com"]],"remember":1}','a51ea04d1f2f10189381db384a835d33b59ca1a3b990c573872f8be902877300','bd2a52719c37994e191a8f43e2a09cb8d07b62db0f6a0422735e9c06abec8f9d','468ef6096986c42d71927dd262d2fce1ab47ea750081245146e6eb0195b86848');
INSERT INTO "audit" VALUES(1,7,1,'2026-01-05T08:00:00+00:00','{"host":"ops1.contoso.com","operation":"apply","pid":4711,"run":"285ae771386b01f7b7807389b2","started":"2026-01-05T08:00:00+00:00","user":"kim"}','{"intents":["771d2e4468ba2320e98dd81758"],"owe":[["um-service-restart","ex1.contoso.com"]]}','c60ebc00da99b0ef0c62ad4ea7c5bdd7db958dfafc794699f1ebcae991be58e7','f30e6948d7fca99d729b2d4edbd7c63752de8cfe78df3b83112284160ec77c28','4053ceb9ef07cb380f52bce4f6ec8102acf5150b8b6a881619789eaa94c69d91');
INSERT INTO "audit" VALUES(1,8,1,'2026-01-05T08:00:00+00:00','{"host":"ops1.contoso.com","operation":"apply","pid":4711,"run":"285ae771386b01f7b7807389b2","started":"2026-01-05T08:00:00+00:00","user":"kim"}','{"outcomes":[["771d2e4468ba2320e98dd81758","done"]],"owe":[["um-service-restart","ex1.contoso.com"]],"remember":1}','5a4b19755fbed63b0ad123d38e651e311c3da6a9c4d878a6a33ee238e387f48b','8e41ce0cc709cb141aca8585424f51ff273afe412ac53f56eb2ff8bb018457f7','759099a252214581acc7ba36abd872e17be91107d6bbad0441aba28e1109d59f');
INSERT INTO "audit" VALUES(1,9,1,'2026-01-05T08:00:00+00:00','{"host":"ops1.contoso.com","operation":"apply","pid":4711,"run":"285ae771386b01f7b7807389b2","started":"2026-01-05T08:00:00+00:00","user":"kim"}','{"intents":["065b6a4ae2ce0ff59c396a9c72"]}','50aa736810aeb8976d516e81f61fb2794c467cba3bcc0f71c0e6289fc1b3a820','e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855','b4e8951a12053557e486124bb394e1af34432378fc28f4c3b3fc9427ce4cb92d');
INSERT INTO "audit" VALUES(1,10,1,'2026-01-05T08:00:00+00:00','{"host":"ops1.contoso.com","operation":"apply","pid":4711,"run":"285ae771386b01f7b7807389b2","started":"2026-01-05T08:00:00+00:00","user":"kim"}','{"discharge":[["um-service-restart","ex1.contoso.com"]],"outcomes":[["065b6a4ae2ce0ff59c396a9c72","done"]]}','1c478ea107d642969b0f6b7ad85e3aa6e46b5e17757ceeddc071f1ec1540db10','b310c2807056b1146ff4a683ce639638307acc55a2f10b25770c14e6864f12db','b0ced6575d060741df5edc4445b12ce81d841860294df864bc0168a76a690f11');
INSERT INTO "audit" VALUES(1,11,1,'2026-01-05T08:00:00+00:00','{"host":"ops1.contoso.com","operation":"apply","pid":4711,"run":"285ae771386b01f7b7807389b2","started":"2026-01-05T08:00:00+00:00","user":"kim"}','{"intents":["118ff058a5348dd869c57d6256"],"owe":[["front-end-restart","fe1.contoso.com"],["front-end-restart","fe2.contoso.com"],["lower-outcalls","redmond"]]}','07072693a539b65f9049f0969b118ac90c9834689ac1ad42bc63bf8a44dc36d6','d175350af7b0bb725642193e140f0d7654991546e2b478a56d24fe9ba3ad50d9','bc91796bd3eb3e69b174565a7b6bb94caad03115f1487e28329914c849ce5951');
INSERT INTO "audit" VALUES(1,12,1,'2026-01-05T08:00:00+00:00','{"host":"ops1.contoso.com","operation":"apply","pid":4711,"run":"285ae771386b01f7b7807389b2","started":"2026-01-05T08:00:00+00:00","user":"kim"}','{"outcomes":[["118ff058a5348dd869c57d6256","done"]],"owe":[["front-end-restart","fe1.contoso.com"],["front-end-restart","fe2.contoso.com"]]}','57ef64da42ba3975a89115e27c97a4c536c2bd8f0703e9313ec7e6f6665b3875','2a5e17f156525db6b727280ab1c3695d169aaa594e2714f8da14321a28ed2622','7396590a71e2775aeee560baecb38fac0a47c29e4a83489a4d9f5bf22819e6a9');
INSERT INTO "audit" VALUES(1,13,1,'2026-01-05T08:00:00+00:00','{"host":"ops1.contoso.com","operation":"apply","pid":4711,"run":"285ae771386b01f7b7807389b2","started":"2026-01-05T08:00:00+00:00","user":"kim"}','{"intents":["70cf460705ae6d8693477b0980"],"owe":[["service-runs","fe1.contoso.com/rtcsrv"],["service-runs","fe1.contoso.com/rtccaa"],["service-runs","fe1.contoso.com/rtccas"],["service-runs","fe1.contoso.com/rtcrgs"]]}','1fd38f5ecd4aabd39865f9f3dccc0727d7a0d8f5ee64ffb3347fffea24d9ffe8','ac7a5f48d79bde6e239fe7034b6fd842bc92fc2df4d44e9a54baa016e31ab7ec','8921fc4fe502d0f046417569201a57db7ea962c71f607f5c4b140e3fd1589e1f');
CREATE TABLE decisions (
	environment INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	body TEXT NOT NULL, 
	checksum BIGINT NOT NULL, 
	PRIMARY KEY (environment, name), 
	FOREIGN KEY(environment) REFERENCES meta (id)
)
 WITHOUT ROWID

;
INSERT INTO "decisions" VALUES(1,'dial_plan/Redmond:site','"Redmond"',-8733877703887835617);
INSERT INTO "decisions" VALUES(1,'domain_controller','"dc1.contoso.com"',-291969241302660454);
CREATE TABLE intents (
	environment INTEGER NOT NULL, 
	serial BIGINT NOT NULL, 
	position INTEGER NOT NULL, 
	id TEXT NOT NULL, 
	body TEXT NOT NULL, 
	checksum BIGINT NOT NULL, 
	is_open SMALLINT NOT NULL, 
	PRIMARY KEY (environment, serial, position), 
	FOREIGN KEY(environment) REFERENCES meta (id)
)
 WITHOUT ROWID

;
INSERT INTO "intents" VALUES(1,3,0,'6d3a7b022cd7e42df3b0a60ba3','{"address":"dial_plan/Redmond","command":"New-UMDialPlan -Name Redmond -URIType SipName -NumberOfDigitsInExtension 5 -CountryOrRegionCode 1 -VoIPSecurity Secured","discharges":[],"expects":null,"expects_after":{"country_code":"1","extension_digits":5,"voip_security":"Secured"},"expires":"2026-01-05T08:00:30+00:00","host":"exchange","id":"6d3a7b022cd7e42df3b0a60ba3","kind":"create","run":"285ae771386b01f7b7807389b2","shell":["exchange","ex1.contoso.com","in-process",""]}',1636475669117277429,0);
INSERT INTO "intents" VALUES(1,5,0,'50c05536cd3dc0713c603b5c51','{"address":"server_binding/ex1.contoso.com/call_router","command":"Set-UMCallRouterSettings -Server ex1.contoso.com -DialPlans @{Add=''Redmond''} -UMStartupMode Dual","discharges":[],"expects":{"dial_plans":[],"startup_mode":"TCP"},"expects_after":{"dial_plans":["Redmond"],"startup_mode":"Dual"},"expires":"2026-01-05T08:00:30+00:00","host":"exchange","id":"50c05536cd3dc0713c603b5c51","kind":"update","run":"285ae771386b01f7b7807389b2","shell":["exchange","ex1.contoso.com","in-process",""]}',-5352056139074107010,0);
INSERT INTO "intents" VALUES(1,7,0,'771d2e4468ba2320e98dd81758','{"address":"server_binding/ex1.contoso.com/um_service","command":"Set-UMService -Identity EX1 -DialPlans @{Add=''Redmond''} -UMStartupMode Dual","discharges":[],"expects":{"dial_plans":[],"startup_mode":"TCP"},"expects_after":{"dial_plans":["Redmond"],"startup_mode":"Dual"},"expires":"2026-01-05T08:00:30+00:00","host":"exchange","id":"771d2e4468ba2320e98dd81758","kind":"update","run":"285ae771386b01f7b7807389b2","shell":["exchange","ex1.contoso.com","in-process",""]}',1576817885810380445,0);
INSERT INTO "intents" VALUES(1,9,0,'065b6a4ae2ce0ff59c396a9c72','{"address":"um_service_restart/ex1.contoso.com","command":"Restart-Service -Name MSExchangeUM; Restart-Service -Name MSExchangeUMCR","discharges":[["um-service-restart","ex1.contoso.com",null]],"expects":{"MSExchangeUM:start_time":"2024-03-01T06:00:00.000000Z","MSExchangeUMCR:start_time":"2024-03-01T06:00:00.000000Z"},"expects_after":{},"expires":"2026-01-05T08:00:30+00:00","host":"ex1.contoso.com","id":"065b6a4ae2ce0ff59c396a9c72","kind":"run","run":"285ae771386b01f7b7807389b2","shell":["exchange","ex1.contoso.com","in-process",""]}',427668033059495050,0);
INSERT INTO "intents" VALUES(1,11,0,'118ff058a5348dd869c57d6256','{"address":"exchucutil/contoso.com","command":"exchucutil.ps1","discharges":[],"expects":{"dial_plans":["Redmond"],"outcalls":[],"pools":["pool1.contoso.com"],"replaces":[]},"expects_after":{},"expires":"2026-01-05T08:00:30+00:00","host":"exchange","id":"118ff058a5348dd869c57d6256","kind":"run","run":"285ae771386b01f7b7807389b2","shell":["exchange","ex1.contoso.com","in-process",""]}',3259489390137538479,0);
INSERT INTO "intents" VALUES(1,13,0,'70cf460705ae6d8693477b0980','{"address":"service_restart/fe1.contoso.com","command":"Stop-CsWindowsService -Name RTCSRV -Graceful:$true -NoWait:$true; Start-CsWindowsService -Name RTCSRV -NoWait:$true; Start-CsWindowsService -Name RTCCAA -NoWait:$true; Start-CsWindowsService -Name RTCCAS -NoWait:$true; Start-CsWindowsService -Name RTCRGS -NoWait:$true","discharges":[["front-end-restart","fe1.contoso.com",null],["service-runs","fe1.contoso.com/RTCSRV",null],["service-runs","fe1.contoso.com/RTCCAA",null],["service-runs","fe1.contoso.com/RTCCAS",null],["service-runs","fe1.contoso.com/RTCRGS",null]],"expects":{"running_dependents":["RTCCAA","RTCCAS","RTCRGS"],"start_time":"2024-03-01T06:00:00.000000Z","status":"Running"},"expects_after":{},"expires":"2026-01-05T08:00:30+00:00","host":"fe1.contoso.com","id":"70cf460705ae6d8693477b0980","kind":"run","run":"285ae771386b01f7b7807389b2","shell":["lync","fe1.contoso.com","in-process",""]}',-214615672511476208,1);
CREATE TABLE lease (
	environment INTEGER NOT NULL, 
	epoch BIGINT NOT NULL, 
	holder TEXT NOT NULL, 
	machine TEXT NOT NULL, 
	process TEXT, 
	expires FLOAT NOT NULL, 
	PRIMARY KEY (environment), 
	FOREIGN KEY(environment) REFERENCES meta (id)
);
INSERT INTO "lease" VALUES(1,1,'{"host":"ops1.contoso.com","operation":"apply","pid":4711,"run":"285ae771386b01f7b7807389b2","started":"2026-01-05T08:00:00+00:00","user":"kim"}','5f1a9c1e-0000-4000-8000-000000000001','pid:[4026531836] 4711 81520',1767600060.0);
CREATE TABLE meta (
	id INTEGER NOT NULL, 
	environment TEXT NOT NULL, 
	format INTEGER NOT NULL, 
	lineage TEXT, 
	serial BIGINT NOT NULL, 
	epoch BIGINT NOT NULL, 
	content TEXT NOT NULL, 
	audit_head TEXT NOT NULL, 
	checksum BIGINT NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (environment)
);
INSERT INTO "meta" VALUES(1,'little',1,'06fd16ed23078c3efdf538d2e9',13,1,'c311fef101cf64df','8921fc4fe502d0f046417569201a57db7ea962c71f607f5c4b140e3fd1589e1f',8343959387474154499);
CREATE TABLE obligations (
	environment INTEGER NOT NULL, 
	duty TEXT NOT NULL, 
	subject TEXT NOT NULL, 
	body TEXT NOT NULL, 
	checksum BIGINT NOT NULL, 
	PRIMARY KEY (environment, duty, subject), 
	FOREIGN KEY(environment) REFERENCES meta (id)
)
 WITHOUT ROWID

;
INSERT INTO "obligations" VALUES(1,'front-end-restart','fe1.contoso.com','["fe1.contoso.com","2026-01-05T08:00:00.000000Z"]',-385979011044149144);
INSERT INTO "obligations" VALUES(1,'front-end-restart','fe2.contoso.com','["fe2.contoso.com","2026-01-05T08:00:00.000000Z"]',3332316853909058092);
INSERT INTO "obligations" VALUES(1,'lower-outcalls','redmond','["Redmond",null]',-980157067371410889);
INSERT INTO "obligations" VALUES(1,'service-runs','fe1.contoso.com/rtccaa','["fe1.contoso.com/RTCCAA",null]',5123274816747265635);
INSERT INTO "obligations" VALUES(1,'service-runs','fe1.contoso.com/rtccas','["fe1.contoso.com/RTCCAS",null]',-751769377181911878);
INSERT INTO "obligations" VALUES(1,'service-runs','fe1.contoso.com/rtcrgs','["fe1.contoso.com/RTCRGS",null]',3132474874373268878);
INSERT INTO "obligations" VALUES(1,'service-runs','fe1.contoso.com/rtcsrv','["fe1.contoso.com/RTCSRV",null]',-5040882882815725621);
CREATE TABLE outcomes (
	environment INTEGER NOT NULL, 
	serial BIGINT NOT NULL, 
	position INTEGER NOT NULL, 
	body TEXT NOT NULL, 
	PRIMARY KEY (environment, serial, position), 
	FOREIGN KEY(environment) REFERENCES meta (id)
)
 WITHOUT ROWID

;
INSERT INTO "outcomes" VALUES(1,4,0,'["6d3a7b022cd7e42df3b0a60ba3","done",""]');
INSERT INTO "outcomes" VALUES(1,6,0,'["50c05536cd3dc0713c603b5c51","done",""]');
INSERT INTO "outcomes" VALUES(1,8,0,'["771d2e4468ba2320e98dd81758","done",""]');
INSERT INTO "outcomes" VALUES(1,10,0,'["065b6a4ae2ce0ff59c396a9c72","done",""]');
INSERT INTO "outcomes" VALUES(1,12,0,'["118ff058a5348dd869c57d6256","done",""]');
CREATE TABLE resources (
	environment INTEGER NOT NULL, 
	address TEXT NOT NULL, 
	body TEXT NOT NULL, 
	checksum BIGINT NOT NULL, 
	PRIMARY KEY (environment, address), 
	FOREIGN KEY(environment) REFERENCES meta (id)
)
 WITHOUT ROWID

;
INSERT INTO "resources" VALUES(1,'dial_plan/Redmond','{"attributes":{"country_code":"1","extension_digits":5,"voip_security":"Secured"},"guid":"292b8795-c484-4435-8e41-acbc54ee30b1","name":"Redmond"}',-2570848313218669231);
INSERT INTO "resources" VALUES(1,'server_binding/ex1.contoso.com/call_router','{"attributes":{"dial_plans":["Redmond"],"startup_mode":"Dual"},"guid":"7ea35c98-c271-4397-bfd3-d771d4fa3439","name":"EX1","needs":["dial_plan/Redmond"]}',-754498094625460494);
INSERT INTO "resources" VALUES(1,'server_binding/ex1.contoso.com/um_service','{"attributes":{"dial_plans":["Redmond"],"startup_mode":"Dual"},"guid":"1103746b-48b3-40c0-8497-d32503bf4065","name":"EX1","needs":["dial_plan/Redmond"]}',3746082968291126418);
CREATE TABLE runs (
	environment INTEGER NOT NULL, 
	id TEXT NOT NULL, 
	serial BIGINT NOT NULL, 
	body TEXT NOT NULL, 
	checksum BIGINT NOT NULL, 
	PRIMARY KEY (environment, id), 
	FOREIGN KEY(environment) REFERENCES meta (id)
)
 WITHOUT ROWID

;
INSERT INTO "runs" VALUES(1,'285ae771386b01f7b7807389b2',1,'{"blocked":0,"commit":null,"done":0,"ended":null,"exit_code":null,"failed":0,"host":"ops1.contoso.com","id":"285ae771386b01f7b7807389b2","plan_digest":"c81756a58aaa67e0312df628518b7ac68acfb9c0fab04dd545ac79dc5abf6033","started":"2026-01-05T08:00:00+00:00","user":"kim"}',1393335659145773579);
CREATE TABLE schema_revision (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT schema_revision_pkc PRIMARY KEY (version_num)
);
INSERT INTO "schema_revision" VALUES('3');
CREATE TABLE used_plans (
	environment INTEGER NOT NULL, 
	nonce TEXT NOT NULL, 
	serial BIGINT NOT NULL, 
	PRIMARY KEY (environment, nonce), 
	FOREIGN KEY(environment) REFERENCES meta (id)
)
 WITHOUT ROWID

;
CREATE INDEX intents_by_id ON intents (environment, id);
CREATE INDEX runs_by_serial ON runs (environment, serial);
CREATE INDEX intents_open ON intents (environment, serial, position) WHERE is_open = 1;
COMMIT;
