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
INSERT INTO "audit" VALUES(1,1,1,'2026-11-28T15:46:26.959637+00:00','{"host":"ops1.contoso.com","operation":"apply","pid":29536,"run":"01880ff8ded0d229466555d625","started":"2026-11-28T15:46:24.180477+00:00","user":"kim"}','{"commit":null,"kind":"begin","plan":"c81756a58aaa67e0312df628518b7ac68acfb9c0fab04dd545ac79dc5abf6033","run":"01880ff8ded0d229466555d625"}','e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855','50f16b5f42d2d4243d00c18049797926abdeee48aa63da8d8a865eb753d28c57','45a67f98f100c93b5388577bc891f3411bd8213da8e418d79a226751d3e0a91f');
INSERT INTO "audit" VALUES(1,2,1,'2026-11-28T15:46:26.975967+00:00','{"host":"ops1.contoso.com","operation":"apply","pid":29536,"run":"01880ff8ded0d229466555d625","started":"2026-11-28T15:46:24.180477+00:00","user":"kim"}','{"decisions":["dial_plan/Redmond:site","domain_controller"]}','e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855','e8bbb6a117caa6a896affc75f663abecece38773bca83eeca238097bc7e9bd18','750f2b24db0e572d39ea87ffe941f06dd7718445ed508b12a29fe06926ebafc8');
INSERT INTO "audit" VALUES(1,3,1,'2026-11-28T15:46:27.008609+00:00','{"host":"ops1.contoso.com","operation":"apply","pid":29536,"run":"01880ff8ded0d229466555d625","started":"2026-11-28T15:46:24.180477+00:00","user":"kim"}','{"intents":["18e96ab5469d7ae978a002b8ff"]}','99a16101c12cd169f439f62c4d1ddfc378a494a4966e9a21b46d32cd896f8e86','e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855','01eaea23d0a87de81cb9941d91ae2d739c70b5d08a01b9d541ec99c11961c7a1');
INSERT INTO "audit" VALUES(1,4,1,'2026-11-28T15:46:27.354256+00:00','{"host":"ops1.contoso.com","operation":"apply","pid":29536,"run":"01880ff8ded0d229466555d625","started":"2026-11-28T15:46:24.180477+00:00","user":"kim"}','{"outcomes":[["18e96ab5469d7ae978a002b8ff","done"]],"remember":1}','425a05bc65b13a90ca41704f86939039c1a8030ece0195450a416a16e7ed0e71','d588f00e35c23dc44a61b12f95a82906979abe7672a5534f6e5cb9ccbf3ccd28','522e8d42721779ceb7b3bb499c6c947719f013e973a9f96dcc89b348e81e1144');
INSERT INTO "audit" VALUES(1,5,1,'2026-11-28T15:46:27.402134+00:00','{"host":"ops1.contoso.com","operation":"apply","pid":29536,"run":"01880ff8ded0d229466555d625","started":"2026-11-28T15:46:24.180477+00:00","user":"kim"}','{"intents":["c264dbf31c2971e05b5ccbb722"],"owe":[["um-service-restart","ex1.contoso.com"]]}','56e5d9a06c2f452e4b4a6bec89934dd8cadfbd4e1e508d10eb292e0e03afa857','f30e6948d7fca99d729b2d4edbd7c63752de8cfe78df3b83112284160ec77c28','b97036152d5cd446830623c9b959aed29d0d36661d456934e7981d043414dc62');
INSERT INTO "audit" VALUES(1,6,1,'2026-11-28T15:46:27.419968+00:00','{"host":"ops1.contoso.com","operation":"apply","pid":29536,"run":"01880ff8ded0d229466555d625","started":"2026-11-28T15:46:24.180477+00:00","user":"kim"}','{"intents":["47b5e102bdf4dbecf08a5b7359"],"owe":[["um-service-restart","ex1.contoso.com"]]}','fa91efae1b6760c6ce06faf80747ac1c36c0cb4cdd847fb4f32705250d4e3e22','f30e6948d7fca99d729b2d4edbd7c63752de8cfe78df3b83112284160ec77c28','2d429815e0ec4a916280cb59a7f0a3c94012b361a213288c14209d238e82e368');
INSERT INTO "audit" VALUES(1,7,1,'2026-11-28T15:46:27.500688+00:00','{"host":"ops1.contoso.com","operation":"apply","pid":29536,"run":"01880ff8ded0d229466555d625","started":"2026-11-28T15:46:24.180477+00:00","user":"kim"}','{"outcomes":[["c264dbf31c2971e05b5ccbb722","done"]],"owe":[["um-service-restart","ex1.contoso.com"]],"remember":1}','a02ff83ee686ec75ade4d02921702c4ae920f26b43ac89999aa85207a192d9ce','ca971874bed84ae26cfc98708e1b245b5b868aa18034a8d278ea137b59c1853b','a42f5fd3949e768f2c21344bd263904448ce49a8ae030c99bf378431ba11bcdf');
INSERT INTO "audit" VALUES(1,8,1,'2026-11-28T15:46:27.524700+00:00','{"host":"ops1.contoso.com","operation":"apply","pid":29536,"run":"01880ff8ded0d229466555d625","started":"2026-11-28T15:46:24.180477+00:00","user":"kim"}','{"outcomes":[["47b5e102bdf4dbecf08a5b7359","done"]],"owe":[["um-service-restart","ex1.contoso.com"]],"remember":1}','4f7f35851eeb8c1268544ae08d7ff51d94c2d6716fbf20185a29b8a128707952','52e51a88235f7d103fd175a1f1dfb0335ffb203af433f6168c69fdba220ac622','beefd1de06f52b2b55f4744a3b4ac87814a35b60f813f798fdf11d86b28bdd13');
INSERT INTO "audit" VALUES(1,9,1,'2026-11-28T15:46:27.592409+00:00','{"host":"ops1.contoso.com","operation":"apply","pid":29536,"run":"01880ff8ded0d229466555d625","started":"2026-11-28T15:46:24.180477+00:00","user":"kim"}','{"intents":["bd0788fc456eff0e417f2c9238"]}','51b77db82cb3e1e0de5fe9af85fc85e9033e67c13bea25ee37cff2779009b005','e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855','c8b6d3741ce74f2f7ef1ab364dddc950067555d13e8340481b9be79dfe2cb2ad');
INSERT INTO "audit" VALUES(1,10,1,'2026-11-28T15:46:27.648946+00:00','{"host":"ops1.contoso.com","operation":"apply","pid":29536,"run":"01880ff8ded0d229466555d625","started":"2026-11-28T15:46:24.180477+00:00","user":"kim"}','{"discharge":[["um-service-restart","ex1.contoso.com"]],"outcomes":[["bd0788fc456eff0e417f2c9238","done"]]}','74cfdbc88b54261d6f7994ec11518270f634304621439e306350ba8f78d88a3b','b310c2807056b1146ff4a683ce639638307acc55a2f10b25770c14e6864f12db','7c41f60ffb1ffa8bbf05e8053875ceb8578dad6618896c0cae38bedc28813ea9');
INSERT INTO "audit" VALUES(1,11,1,'2026-11-28T15:46:27.684557+00:00','{"host":"ops1.contoso.com","operation":"apply","pid":29536,"run":"01880ff8ded0d229466555d625","started":"2026-11-28T15:46:24.180477+00:00","user":"kim"}','{"intents":["eb397aa504795521628c3465ff"],"owe":[["front-end-restart","fe1.contoso.com"],["front-end-restart","fe2.contoso.com"],["lower-outcalls","redmond"]]}','329dd9c28644ce2ac0889a9850129468474b25627dd9335790fcdbbf706676b9','d175350af7b0bb725642193e140f0d7654991546e2b478a56d24fe9ba3ad50d9','0f6473b54c5e55ff5d3e352f273440345504f49bf3a9fe75e455338e25b92ea8');
INSERT INTO "audit" VALUES(1,12,1,'2026-11-28T15:46:27.784541+00:00','{"host":"ops1.contoso.com","operation":"apply","pid":29536,"run":"01880ff8ded0d229466555d625","started":"2026-11-28T15:46:24.180477+00:00","user":"kim"}','{"outcomes":[["eb397aa504795521628c3465ff","done"]],"owe":[["front-end-restart","fe1.contoso.com"],["front-end-restart","fe2.contoso.com"]]}','1220e76429dd897b67c954e80930810f1a7622fe68552b8c714408598a930556','42a164afd698d0a53e4b658d50f4b74053ff0d10238108d8b346e2c70164fb01','0ba4cf59cddaa0a0e6981cfb1f74a2d19e149db47febd255c1b0832ba33c4486');
INSERT INTO "audit" VALUES(1,13,1,'2026-11-28T15:46:27.868980+00:00','{"host":"ops1.contoso.com","operation":"apply","pid":29536,"run":"01880ff8ded0d229466555d625","started":"2026-11-28T15:46:24.180477+00:00","user":"kim"}','{"intents":["0670c43b486baada029d2ceb33"],"owe":[["service-runs","fe1.contoso.com/rtcsrv"],["service-runs","fe1.contoso.com/rtccaa"],["service-runs","fe1.contoso.com/rtccas"],["service-runs","fe1.contoso.com/rtcrgs"]]}','0c8318382c581f4fd4beaa5dbb923d05c229e736cbb88671e161c06580f59c11','ac7a5f48d79bde6e239fe7034b6fd842bc92fc2df4d44e9a54baa016e31ab7ec','e80d6aec0451154e3b11dec00b61471fd6b0a984e5e1c15d8363b15d09cfa1e6');
INSERT INTO "audit" VALUES(1,14,1,'2026-11-28T15:46:28.111125+00:00','{"host":"ops1.contoso.com","operation":"apply","pid":29536,"run":"01880ff8ded0d229466555d625","started":"2026-11-28T15:46:24.180477+00:00","user":"kim"}','{"discharge":[["front-end-restart","fe1.contoso.com"],["service-runs","fe1.contoso.com/rtcsrv"],["service-runs","fe1.contoso.com/rtccaa"],["service-runs","fe1.contoso.com/rtccas"],["service-runs","fe1.contoso.com/rtcrgs"]],"outcomes":[["0670c43b486baada029d2ceb33","done"]]}','d0cd75fa4894c1fcd3c9aaf08c576ecfdc47bfbb205bae4ebba0ce7642f08aaa','9f1e604c14b42a05b77ce5476fec72596dcf4b26f2b5cd17fc0f22a9b5722c6f','642ea1a369c6a583bb8dae08c5adb1e1e64a981e283a7e4949049eb81f7799fc');
INSERT INTO "audit" VALUES(1,15,1,'2026-11-28T15:46:28.220543+00:00','{"host":"ops1.contoso.com","operation":"apply","pid":29536,"run":"01880ff8ded0d229466555d625","started":"2026-11-28T15:46:24.180477+00:00","user":"kim"}','{"intents":["894a88177134c188fa1004314f"],"owe":[["service-runs","fe2.contoso.com/rtcsrv"],["service-runs","fe2.contoso.com/rtccaa"],["service-runs","fe2.contoso.com/rtccas"],["service-runs","fe2.contoso.com/rtcrgs"]]}','2980b56f4e23ec9fd7cda7fdeb80fa450b7f3d6919b308d2534b775a9ce6647d','479baad955e0007beee3ac49a03b365f011fab1c15705579e8bf4e7caf0bcb88','0cc43c781b2da027009f4d381cf94b80a829e779c154e3ab24c448f4007c0c9d');
INSERT INTO "audit" VALUES(1,16,1,'2026-11-28T15:46:28.465526+00:00','{"host":"ops1.contoso.com","operation":"apply","pid":29536,"run":"01880ff8ded0d229466555d625","started":"2026-11-28T15:46:24.180477+00:00","user":"kim"}','{"discharge":[["front-end-restart","fe2.contoso.com"],["service-runs","fe2.contoso.com/rtcsrv"],["service-runs","fe2.contoso.com/rtccaa"],["service-runs","fe2.contoso.com/rtccas"],["service-runs","fe2.contoso.com/rtcrgs"]],"outcomes":[["894a88177134c188fa1004314f","done"]]}','75e7012bdbcfa3824b79d452c0376995d3810494e8d7d80023896871e16177fa','b7a25dd2eb542b22adbbd6dc5ba58056b3c802e2065bb59bba489c01635be37c','dde06a5f0eb15640e0d60b984eb7fb62efff96bc33a406bea27309f7b136092d');
INSERT INTO "audit" VALUES(1,17,1,'2026-11-28T15:46:28.492937+00:00','{"host":"ops1.contoso.com","operation":"apply","pid":29536,"run":"01880ff8ded0d229466555d625","started":"2026-11-28T15:46:24.180477+00:00","user":"kim"}','{"intents":["172892326b907e81caf660c7a2"]}','fa89d44327eff30f4319ecfa3f8d72dcd7479bfe57a7de92b9777defc6b293be','e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855','20e54ad1da7ad1f1130b1690be35f2ce0b01670c56482ad6e5e21cecdfb2acf3');
INSERT INTO "audit" VALUES(1,18,1,'2026-11-28T15:46:28.559935+00:00','{"host":"ops1.contoso.com","operation":"apply","pid":29536,"run":"01880ff8ded0d229466555d625","started":"2026-11-28T15:46:24.180477+00:00","user":"kim"}','{"outcomes":[["172892326b907e81caf660c7a2","done"]],"remember":1}','c25d29b23962eb0511096063db1cda75fa31c175fd9b9b0920edd5d0b30d08ef','d94a5ebbe8d9d083f24bf5d5d52ff48f4a7ce97a825590ee4d14354b848c9af6','fa3ac97b37454fbc7c805744285b2e5f8856bec516197090658835fa94fb621a');
INSERT INTO "audit" VALUES(1,19,1,'2026-11-28T15:46:28.591111+00:00','{"host":"ops1.contoso.com","operation":"apply","pid":29536,"run":"01880ff8ded0d229466555d625","started":"2026-11-28T15:46:24.180477+00:00","user":"kim"}','{"intents":["c91b894766581c41fc1886753c","667eddb646976d727b7d1e78da"]}','aecdba559c46f544faeac67cf50c48c612f270b96e94751913e63d2d90f6f42a','e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855','60be8d486405dadd50ef1a3eb467c1c044bf5f6c26bdaf7dc34ec6b4dad49708');
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
INSERT INTO "intents" VALUES(1,3,0,'18e96ab5469d7ae978a002b8ff','{"address":"dial_plan/Redmond","command":"New-UMDialPlan -Name Redmond -URIType SipName -NumberOfDigitsInExtension 5 -CountryOrRegionCode 1 -VoIPSecurity Secured","discharges":[],"expects":null,"expects_after":{"country_code":"1","extension_digits":5,"voip_security":"Secured"},"expires":"2026-11-28T15:46:57.005769+00:00","host":"exchange","id":"18e96ab5469d7ae978a002b8ff","kind":"create","run":"01880ff8ded0d229466555d625","shell":["exchange","ex1.contoso.com","2BB385EF-9117-4B11-AAA4-1B461D65DB9E","CONTOSO\\reconciler"]}',2637684590671674563,0);
INSERT INTO "intents" VALUES(1,5,0,'c264dbf31c2971e05b5ccbb722','{"address":"server_binding/ex1.contoso.com/call_router","command":"Set-UMCallRouterSettings -Server ex1.contoso.com -DialPlans @{Add=''Redmond''} -UMStartupMode Dual","discharges":[],"expects":{"dial_plans":[],"startup_mode":"TCP"},"expects_after":{"dial_plans":["Redmond"],"startup_mode":"Dual"},"expires":"2026-11-28T15:46:57.385133+00:00","host":"exchange","id":"c264dbf31c2971e05b5ccbb722","kind":"update","run":"01880ff8ded0d229466555d625","shell":["exchange","ex1.contoso.com","2BB385EF-9117-4B11-AAA4-1B461D65DB9E","CONTOSO\\reconciler"]}',2640837410559278276,0);
INSERT INTO "intents" VALUES(1,6,0,'47b5e102bdf4dbecf08a5b7359','{"address":"server_binding/ex1.contoso.com/um_service","command":"Set-UMService -Identity EX1 -DialPlans @{Add=''Redmond''} -UMStartupMode Dual","discharges":[],"expects":{"dial_plans":[],"startup_mode":"TCP"},"expects_after":{"dial_plans":["Redmond"],"startup_mode":"Dual"},"expires":"2026-11-28T15:46:57.417491+00:00","host":"exchange","id":"47b5e102bdf4dbecf08a5b7359","kind":"update","run":"01880ff8ded0d229466555d625","shell":["exchange","ex1.contoso.com","2BB385EF-9117-4B11-AAA4-1B461D65DB9E","CONTOSO\\reconciler"]}',2375118903602730507,0);
INSERT INTO "intents" VALUES(1,9,0,'bd0788fc456eff0e417f2c9238','{"address":"um_service_restart/ex1.contoso.com","command":"Restart-Service -Name MSExchangeUM; Restart-Service -Name MSExchangeUMCR","discharges":[["um-service-restart","ex1.contoso.com",null]],"expects":{"MSExchangeUM:start_time":"2024-03-01T06:00:00.000000Z","MSExchangeUMCR:start_time":"2024-03-01T06:00:00.000000Z"},"expects_after":{},"expires":"2026-11-28T15:46:57.590554+00:00","host":"ex1.contoso.com","id":"bd0788fc456eff0e417f2c9238","kind":"run","run":"01880ff8ded0d229466555d625","shell":["exchange","ex1.contoso.com","2BB385EF-9117-4B11-AAA4-1B461D65DB9E","CONTOSO\\reconciler"]}',6913505587758165521,0);
INSERT INTO "intents" VALUES(1,11,0,'eb397aa504795521628c3465ff','{"address":"exchucutil/contoso.com","command":"exchucutil.ps1","discharges":[],"expects":{"dial_plans":["Redmond"],"outcalls":[],"pools":["pool1.contoso.com"],"replaces":[]},"expects_after":{},"expires":"2026-11-28T15:46:57.682048+00:00","host":"exchange","id":"eb397aa504795521628c3465ff","kind":"run","run":"01880ff8ded0d229466555d625","shell":["exchange","ex1.contoso.com","2BB385EF-9117-4B11-AAA4-1B461D65DB9E","CONTOSO\\reconciler"]}',86281134952852501,0);
INSERT INTO "intents" VALUES(1,13,0,'0670c43b486baada029d2ceb33','{"address":"service_restart/fe1.contoso.com","command":"Stop-CsWindowsService -Name RTCSRV -Graceful:$true -NoWait:$true; Start-CsWindowsService -Name RTCSRV -NoWait:$true; Start-CsWindowsService -Name RTCCAA -NoWait:$true; Start-CsWindowsService -Name RTCCAS -NoWait:$true; Start-CsWindowsService -Name RTCRGS -NoWait:$true","discharges":[["front-end-restart","fe1.contoso.com",null],["service-runs","fe1.contoso.com/RTCSRV",null],["service-runs","fe1.contoso.com/RTCCAA",null],["service-runs","fe1.contoso.com/RTCCAS",null],["service-runs","fe1.contoso.com/RTCRGS",null]],"expects":{"running_dependents":["RTCCAA","RTCCAS","RTCRGS"],"start_time":"2024-03-01T06:00:00.000000Z","status":"Running"},"expects_after":{},"expires":"2026-11-28T15:46:57.866592+00:00","host":"fe1.contoso.com","id":"0670c43b486baada029d2ceb33","kind":"run","run":"01880ff8ded0d229466555d625","shell":["lync","fe1.contoso.com","08F53619-A19D-4AD3-8113-B7585A394157","CONTOSO\\reconciler"]}',-6914318789179997525,0);
INSERT INTO "intents" VALUES(1,15,0,'894a88177134c188fa1004314f','{"address":"service_restart/fe2.contoso.com","command":"Stop-CsWindowsService -Name RTCSRV -Graceful:$true -NoWait:$true; Start-CsWindowsService -Name RTCSRV -NoWait:$true; Start-CsWindowsService -Name RTCCAA -NoWait:$true; Start-CsWindowsService -Name RTCCAS -NoWait:$true; Start-CsWindowsService -Name RTCRGS -NoWait:$true","discharges":[["front-end-restart","fe2.contoso.com",null],["service-runs","fe2.contoso.com/RTCSRV",null],["service-runs","fe2.contoso.com/RTCCAA",null],["service-runs","fe2.contoso.com/RTCCAS",null],["service-runs","fe2.contoso.com/RTCRGS",null]],"expects":{"running_dependents":["RTCCAA","RTCCAS","RTCRGS"],"start_time":"2024-03-01T06:00:00.000000Z","status":"Running"},"expects_after":{},"expires":"2026-11-28T15:46:58.217608+00:00","host":"fe2.contoso.com","id":"894a88177134c188fa1004314f","kind":"run","run":"01880ff8ded0d229466555d625","shell":["lync","fe2.contoso.com","0C8C794B-ADDF-46F0-9F62-285071D65389","CONTOSO\\reconciler"]}',6962316327580108199,0);
INSERT INTO "intents" VALUES(1,17,0,'172892326b907e81caf660c7a2','{"address":"auto_attendant/Main","command":"New-UMAutoAttendant -Name Main -UMDialPlan Redmond -PilotIdentifierList +14255550190 -Status Enabled","discharges":[],"expects":null,"expects_after":{"dial_plan":"Redmond","pilot_numbers":["+14255550190"],"status":"Enabled"},"expires":"2026-11-28T15:46:58.490908+00:00","host":"exchange","id":"172892326b907e81caf660c7a2","kind":"create","run":"01880ff8ded0d229466555d625","shell":["exchange","ex1.contoso.com","2BB385EF-9117-4B11-AAA4-1B461D65DB9E","CONTOSO\\reconciler"]}',6918995444564397724,0);
INSERT INTO "intents" VALUES(1,19,0,'c91b894766581c41fc1886753c','{"address":"um_mailbox/alice@contoso.com","command":"Enable-UMMailbox -Identity 6a644327-1d8b-4d58-b3d7-4c60ff5bec02 -UMMailboxPolicy <default policy of Redmond> -Extensions 50101 -SIPResourceIdentifier alice@contoso.com","discharges":[],"expects":null,"expects_after":{"dial_plan":"Redmond","extension":["50101"],"policy":"Redmond/default","sip_address":"alice@contoso.com"},"expires":"2026-11-28T15:46:58.585809+00:00","host":"exchange","id":"c91b894766581c41fc1886753c","kind":"create","run":"01880ff8ded0d229466555d625","shell":["exchange","ex1.contoso.com","2BB385EF-9117-4B11-AAA4-1B461D65DB9E","CONTOSO\\reconciler"]}',1680932395520192182,1);
INSERT INTO "intents" VALUES(1,19,1,'667eddb646976d727b7d1e78da','{"address":"um_mailbox/ben@contoso.com","command":"Enable-UMMailbox -Identity 9adc733c-dd8f-42ce-b92d-c4499aba14f5 -UMMailboxPolicy <default policy of Redmond> -Extensions 50103 -SIPResourceIdentifier ben@contoso.com","discharges":[],"expects":null,"expects_after":{"dial_plan":"Redmond","extension":["50103"],"policy":"Redmond/default","sip_address":"ben@contoso.com"},"expires":"2026-11-28T15:46:59.585816+00:00","host":"exchange","id":"667eddb646976d727b7d1e78da","kind":"create","run":"01880ff8ded0d229466555d625","shell":["exchange","ex1.contoso.com","2BB385EF-9117-4B11-AAA4-1B461D65DB9E","CONTOSO\\reconciler"]}',5846010047892451573,1);
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
INSERT INTO "lease" VALUES(1,1,'{"host":"ops1.contoso.com","operation":"apply","pid":29536,"run":"01880ff8ded0d229466555d625","started":"2026-11-28T15:46:24.180477+00:00","user":"kim"}','5f1a9c1e-0000-4000-8000-000000000001','pid:[4026531836] 4711 81520',1.7958808447421250343e+09);
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
INSERT INTO "meta" VALUES(1,'little',1,'b0a68053274d7ed96003372c98',19,1,'e3ccc7c26ca96788','60be8d486405dadd50ef1a3eb467c1c044bf5f6c26bdaf7dc34ec6b4dad49708',-6304188644228042051);
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
INSERT INTO "obligations" VALUES(1,'lower-outcalls','redmond','["Redmond",null]',-980157067371410889);
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
INSERT INTO "outcomes" VALUES(1,4,0,'["18e96ab5469d7ae978a002b8ff","done",""]');
INSERT INTO "outcomes" VALUES(1,7,0,'["c264dbf31c2971e05b5ccbb722","done",""]');
INSERT INTO "outcomes" VALUES(1,8,0,'["47b5e102bdf4dbecf08a5b7359","done",""]');
INSERT INTO "outcomes" VALUES(1,10,0,'["bd0788fc456eff0e417f2c9238","done",""]');
INSERT INTO "outcomes" VALUES(1,12,0,'["eb397aa504795521628c3465ff","done",""]');
INSERT INTO "outcomes" VALUES(1,14,0,'["0670c43b486baada029d2ceb33","done",""]');
INSERT INTO "outcomes" VALUES(1,16,0,'["894a88177134c188fa1004314f","done",""]');
INSERT INTO "outcomes" VALUES(1,18,0,'["172892326b907e81caf660c7a2","done",""]');
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
INSERT INTO "resources" VALUES(1,'auto_attendant/Main','{"attributes":{"dial_plan":"Redmond","pilot_numbers":["+14255550190"],"status":"Enabled"},"guid":"dc6284dc-b0c0-4d99-b0ed-72092819b337","name":"Main","needs":["dial_plan/Redmond"]}',26295314711954456);
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
INSERT INTO "runs" VALUES(1,'01880ff8ded0d229466555d625',1,'{"blocked":0,"commit":null,"done":0,"ended":null,"exit_code":null,"failed":0,"host":"ops1.contoso.com","id":"01880ff8ded0d229466555d625","plan_digest":"c81756a58aaa67e0312df628518b7ac68acfb9c0fab04dd545ac79dc5abf6033","started":"2026-11-28T15:46:24.180477+00:00","user":"kim"}',-8470428093513683569);
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
