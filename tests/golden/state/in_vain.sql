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
INSERT INTO "audit" VALUES(1,1,1,'2026-01-05T08:01:00+00:00','{"host":"ops1.contoso.com","operation":"apply","pid":4711,"run":"181ef96d425a2c49e5bedb331c","started":"2026-01-05T08:01:00+00:00","user":"kim"}','{"commit":null,"kind":"begin","plan":"c81756a58aaa67e0312df628518b7ac68acfb9c0fab04dd545ac79dc5abf6033","run":"181ef96d425a2c49e5bedb331c"}','e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855','26d5b509274d7b61b96f57239ed8fc1131785339ea6c3c6f608abc5724af7a57','24d4711c975cbf6f357f503dc3d38be6eccf30eac651d0af6a5e8cbf7da00859');
INSERT INTO "audit" VALUES(1,2,1,'2026-01-05T08:01:00+00:00','{"host":"ops1.contoso.com","operation":"apply","pid":4711,"run":"181ef96d425a2c49e5bedb331c","started":"2026-01-05T08:01:00+00:00","user":"kim"}','{"decisions":["dial_plan/Redmond:site","domain_controller"]}','e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855','e8bbb6a117caa6a896affc75f663abecece38773bca83eeca238097bc7e9bd18','08b16d16bf3a2cedbf434b6a7967147ce1b16e99c8ad2e5daed2b0468c73f011');
INSERT INTO "audit" VALUES(1,3,1,'2026-01-05T08:01:00+00:00','{"host":"ops1.contoso.com","operation":"apply","pid":4711,"run":"181ef96d425a2c49e5bedb331c","started":"2026-01-05T08:01:00+00:00","user":"kim"}','{"intents":["aa8d6993009b29538d1c4f7208"],"uses":"cae5bc8811ad972dae3b1fcebe"}','490a9cb55d642775114a668798cb16ff114228bf8b6c46f504aa5af41b47a0b3','940a0f9e6f7858f95ad625d600d7170cf92887a0e03cd4be8a2c61d51b4815d9','26d3a19b426f5dec076c26939364617f428043b9c0919fe234ebc29e77f33d64');
INSERT INTO "audit" VALUES(1,4,1,'2026-01-05T08:01:00+00:00','{"host":"ops1.contoso.com","operation":"apply","pid":4711,"run":"181ef96d425a2c49e5bedb331c","started":"2026-01-05T08:01:00+00:00","user":"kim"}','{"outcomes":[["aa8d6993009b29538d1c4f7208","done"]],"remember":1}','7baec1e354a9f2f06983ffd96dbe3ea1324182cc82aa41085f5178f8e741eb8f','126e614d79246580a5214159037c74ec63c6521c4b9f5e069fbaed622d9de8b2','ece85c98455f01aa1c9611f418cd52b569dc937b3f0ba29df57ec250ceb32d79');
INSERT INTO "audit" VALUES(1,5,1,'2026-01-05T08:01:00+00:00','{"host":"ops1.contoso.com","operation":"apply","pid":4711,"run":"181ef96d425a2c49e5bedb331c","started":"2026-01-05T08:01:00+00:00","user":"kim"}','{"intents":["85c41cdcda4361eabff1affeeb"],"owe":[["um-service-restart","ex1.contoso.com"]],"uses":"cae5bc8811ad972dae3b1fcebe"}','c61bc65ec7447f186a974dca157bebbbc97f49c1c601b5cdd2557c68f79d753a','3982d296fa4fb3e7588b750a4a04f499c04d4132ec8f7f979f43662839cce274','72e4564a8f061af4459bf85cc12e3f6f1ca6b36fa358197810dee67ec58bd4db');
INSERT INTO "audit" VALUES(1,6,1,'2026-01-05T08:01:00+00:00','{"host":"ops1.contoso.com","operation":"apply","pid":4711,"run":"181ef96d425a2c49e5bedb331c","started":"2026-01-05T08:01:00+00:00","user":"kim"}','{"outcomes":[["85c41cdcda4361eabff1affeeb","done"]],"owe":[["um-service-restart","ex1.contoso.com"]],"remember":1}','6ab0fa96a97739b00ba8abb4ef99dac327fe54d37c2fcdcddb226cfacafe07ed','de2f82ec9a71c6952c5340002ffa9d68f189c50d20f0d725cd5cf818dbcaa7b6','9f279390986e1eee7fe2daa15e180782f1612add5da6e724f0177ff534faf462');
INSERT INTO "audit" VALUES(1,7,1,'2026-01-05T08:01:00+00:00','{"host":"ops1.contoso.com","operation":"apply","pid":4711,"run":"181ef96d425a2c49e5bedb331c","started":"2026-01-05T08:01:00+00:00","user":"kim"}','{"intents":["4238e6aadbd4ef8acf659d395f"],"owe":[["um-service-restart","ex1.contoso.com"]],"uses":"cae5bc8811ad972dae3b1fcebe"}','2b46f1f2976731eb547aca4e4fbc9b7b1bc1de8bda50212fa6fd75da3974abd4','3982d296fa4fb3e7588b750a4a04f499c04d4132ec8f7f979f43662839cce274','06735ca3011f120bc525974868723ba6941729106c274a695be2d362034b65bc');
INSERT INTO "audit" VALUES(1,8,1,'2026-01-05T08:01:00+00:00','{"host":"ops1.contoso.com","operation":"apply","pid":4711,"run":"181ef96d425a2c49e5bedb331c","started":"2026-01-05T08:01:00+00:00","user":"kim"}','{"outcomes":[["4238e6aadbd4ef8acf659d395f","done"]],"owe":[["um-service-restart","ex1.contoso.com"]],"remember":1}','cf4f7da87d9b6398fc7e6a78406a495317064d6ea75aa9d7fd612136ad60b0b6','8e6574caa915f0b4a88f3d0979429cfae61c2f91720c3b470207119f64546bae','c76f7bc94091c58c7583a72599bcfeaa5de8ddd430c0bd770849d34018cab391');
INSERT INTO "audit" VALUES(1,9,1,'2026-01-05T08:01:00+00:00','{"host":"ops1.contoso.com","operation":"apply","pid":4711,"run":"181ef96d425a2c49e5bedb331c","started":"2026-01-05T08:01:00+00:00","user":"kim"}','{"intents":["719dd1550f42fefe3c11e60ff2"],"uses":"cae5bc8811ad972dae3b1fcebe"}','7030bc58434ae724e294b7cafd2c8307674b42885e934f938a95cc0cd3e4958a','940a0f9e6f7858f95ad625d600d7170cf92887a0e03cd4be8a2c61d51b4815d9','cbb85edcb24e99ec7ea127d9ba96bb32590a3aca0742b53aabf260aabb0fd493');
INSERT INTO "audit" VALUES(1,10,1,'2026-01-05T08:01:00+00:00','{"host":"ops1.contoso.com","operation":"apply","pid":4711,"run":"181ef96d425a2c49e5bedb331c","started":"2026-01-05T08:01:00+00:00","user":"kim"}','{"discharge":[["um-service-restart","ex1.contoso.com"]],"outcomes":[["719dd1550f42fefe3c11e60ff2","done"]]}','d882202c8957fe813c50615398ce44cc963a4e48052963c2fc85c305797c4464','b310c2807056b1146ff4a683ce639638307acc55a2f10b25770c14e6864f12db','25ed49120b1953f1863e02612a46d8c697eb2b91c55d7eaceb49b7f5dbcf2547');
INSERT INTO "audit" VALUES(1,11,1,'2026-01-05T08:01:00+00:00','{"host":"ops1.contoso.com","operation":"apply","pid":4711,"run":"181ef96d425a2c49e5bedb331c","started":"2026-01-05T08:01:00+00:00","user":"kim"}','{"intents":["7450bcc08ce64d7345e16789fe"],"owe":[["front-end-restart","fe1.contoso.com"],["front-end-restart","fe2.contoso.com"],["lower-outcalls","redmond"]],"uses":"cae5bc8811ad972dae3b1fcebe"}','8f99e9c0cbff395c1df3ad18a0801a5e2c98c8ee48bad9d209873984b74e4fe5','e9688e35f3402c5b3e82965d797e4abc269c6ccabef0f2c90429dd27579fcbaa','93eeb92688fbc5bfc8619e728484e4e533c252a1cb7fc084fc8c33fc22b48159');
INSERT INTO "audit" VALUES(1,12,1,'2026-01-05T08:01:03.750000+00:00','{"host":"ops1.contoso.com","operation":"apply","pid":4711,"run":"181ef96d425a2c49e5bedb331c","started":"2026-01-05T08:01:00+00:00","user":"kim"}','{"outcomes":[["7450bcc08ce64d7345e16789fe","failed"]],"remember":1}','de11c0f3fc0f69f4422c8afed4f8eb7d5f624069e0a1b0e0b4035ee515a3c3b1','be8aa4c6ee094b0579933f99e4bc981c26ca8d6da777193b4ff7efa21abb15cb','faf607ad7a34f55211b702762d193166e0d2a1f459b5f28499e0a55cb0f413f0');
INSERT INTO "audit" VALUES(1,13,1,'2026-01-05T08:01:03.750000+00:00','{"host":"ops1.contoso.com","operation":"apply","pid":4711,"run":"181ef96d425a2c49e5bedb331c","started":"2026-01-05T08:01:00+00:00","user":"kim"}','{"intents":["47da32a12f2a8c26bc9c3cdd75"],"uses":"cae5bc8811ad972dae3b1fcebe"}','9cce82dac483a7eeb4210d042c6a90b2c728f6afc2281ed18b0723883c96ee05','940a0f9e6f7858f95ad625d600d7170cf92887a0e03cd4be8a2c61d51b4815d9','9c47691326d8a0362887f763867bbe0e5d28098a5df4089e1589fab1f46250db');
INSERT INTO "audit" VALUES(1,14,1,'2026-01-05T08:01:03.750000+00:00','{"host":"ops1.contoso.com","operation":"apply","pid":4711,"run":"181ef96d425a2c49e5bedb331c","started":"2026-01-05T08:01:00+00:00","user":"kim"}','{"outcomes":[["47da32a12f2a8c26bc9c3cdd75","done"]],"remember":1}','4732b82f63d22e65ab9e3cc45d74509ffdcfd5f988c3afbe3a6f9c1de6458348','d94a5ebbe8d9d083f24bf5d5d52ff48f4a7ce97a825590ee4d14354b848c9af6','7c9e3a1cb03ac324a45f065443838c492bed6f36f4c12b1a68c7d1bff546c5cc');
INSERT INTO "audit" VALUES(1,15,1,'2026-01-05T08:01:03.750000+00:00','{"host":"ops1.contoso.com","operation":"apply","pid":4711,"run":"181ef96d425a2c49e5bedb331c","started":"2026-01-05T08:01:00+00:00","user":"kim"}','{"intents":["e21af1d7f049ed42750ab934f1","ee69cf5564865eb0152ddc98ba"],"uses":"cae5bc8811ad972dae3b1fcebe"}','ac0f666d3c96eb5ed93183f0b5bb3f9a46654f2f9855bb8faebf7a6679fa8026','940a0f9e6f7858f95ad625d600d7170cf92887a0e03cd4be8a2c61d51b4815d9','37cf898e9081c55825bc2a5769c9b0ee8b73adf269f04a4be296637ab4f5637d');
INSERT INTO "audit" VALUES(1,16,1,'2026-01-05T08:01:03.750000+00:00','{"host":"ops1.contoso.com","operation":"apply","pid":4711,"run":"181ef96d425a2c49e5bedb331c","started":"2026-01-05T08:01:00+00:00","user":"kim"}','{"outcomes":[["e21af1d7f049ed42750ab934f1","done"],["ee69cf5564865eb0152ddc98ba","done"]],"remember":2}','c27db6cbe148788b1f4b0eb51d7fe8f1add67f9dc03a3251cec42bfba8b574f5','632bacf2649e5f06787aa247552e508d0b077fb19b175d70712ebdbe99d6f9df','85eb07558dc09dd9b7cdf33e8b0611e333cd7dcabaf24890fa2491af103d0045');
INSERT INTO "audit" VALUES(1,17,1,'2026-01-05T08:01:03.750000+00:00','{"host":"ops1.contoso.com","operation":"apply","pid":4711,"run":"181ef96d425a2c49e5bedb331c","started":"2026-01-05T08:01:00+00:00","user":"kim"}','{"discharge":[["lower-outcalls","redmond"]]}','e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855','e4facb3a9a60fd63b3185728c4bd51abe3b3235ab2d75ac6e7006602d5df4044','e168bac44a37dc7b6c6a09be39a51eeb0c53782109fbb727223ddf32fed4b638');
INSERT INTO "audit" VALUES(1,18,1,'2026-01-05T08:01:03.750000+00:00','{"host":"ops1.contoso.com","operation":"apply","pid":4711,"run":"181ef96d425a2c49e5bedb331c","started":"2026-01-05T08:01:00+00:00","user":"kim"}','{"commit":null,"kind":"end","plan":"c81756a58aaa67e0312df628518b7ac68acfb9c0fab04dd545ac79dc5abf6033","run":"181ef96d425a2c49e5bedb331c"}','e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855','171af404dec655eaa53e5251e96562910de41b9b74a92d0ea62a4268589e85e1','da01374fdbe1dc8d6873aed50b8804c990e4225f14747ae81fb4b0c651f33952');
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
INSERT INTO "intents" VALUES(1,3,0,'aa8d6993009b29538d1c4f7208','{"address":"dial_plan/Redmond","command":"New-UMDialPlan -Name Redmond -URIType SipName -NumberOfDigitsInExtension 5 -CountryOrRegionCode 1 -VoIPSecurity Secured","discharges":[],"expects":null,"expects_after":{"country_code":"1","extension_digits":5,"voip_security":"Secured"},"expires":"2026-01-05T08:01:30+00:00","host":"exchange","id":"aa8d6993009b29538d1c4f7208","kind":"create","run":"181ef96d425a2c49e5bedb331c","shell":["exchange","ex1.contoso.com","in-process",""]}',-3452928591692755585,0);
INSERT INTO "intents" VALUES(1,5,0,'85c41cdcda4361eabff1affeeb','{"address":"server_binding/ex1.contoso.com/call_router","command":"Set-UMCallRouterSettings -Server ex1.contoso.com -DialPlans @{Add=''Redmond''} -UMStartupMode Dual","discharges":[],"expects":{"dial_plans":[],"startup_mode":"TCP"},"expects_after":{"dial_plans":["Redmond"],"startup_mode":"Dual"},"expires":"2026-01-05T08:01:30+00:00","host":"exchange","id":"85c41cdcda4361eabff1affeeb","kind":"update","run":"181ef96d425a2c49e5bedb331c","shell":["exchange","ex1.contoso.com","in-process",""]}',-6565731041570837112,0);
INSERT INTO "intents" VALUES(1,7,0,'4238e6aadbd4ef8acf659d395f','{"address":"server_binding/ex1.contoso.com/um_service","command":"Set-UMService -Identity EX1 -DialPlans @{Add=''Redmond''} -UMStartupMode Dual","discharges":[],"expects":{"dial_plans":[],"startup_mode":"TCP"},"expects_after":{"dial_plans":["Redmond"],"startup_mode":"Dual"},"expires":"2026-01-05T08:01:30+00:00","host":"exchange","id":"4238e6aadbd4ef8acf659d395f","kind":"update","run":"181ef96d425a2c49e5bedb331c","shell":["exchange","ex1.contoso.com","in-process",""]}',-9167281438514918927,0);
INSERT INTO "intents" VALUES(1,9,0,'719dd1550f42fefe3c11e60ff2','{"address":"um_service_restart/ex1.contoso.com","command":"Restart-Service -Name MSExchangeUM; Restart-Service -Name MSExchangeUMCR","discharges":[["um-service-restart","ex1.contoso.com",null]],"expects":{"MSExchangeUM:start_time":"2024-03-01T06:00:00.000000Z","MSExchangeUMCR:start_time":"2024-03-01T06:00:00.000000Z"},"expects_after":{},"expires":"2026-01-05T08:01:30+00:00","host":"ex1.contoso.com","id":"719dd1550f42fefe3c11e60ff2","kind":"run","run":"181ef96d425a2c49e5bedb331c","shell":["exchange","ex1.contoso.com","in-process",""]}',-4498680200495589599,0);
INSERT INTO "intents" VALUES(1,11,0,'7450bcc08ce64d7345e16789fe','{"address":"exchucutil/contoso.com","command":"exchucutil.ps1","discharges":[],"expects":{"dial_plans":["Redmond"],"outcalls":[],"pools":["pool1.contoso.com"],"replaces":[]},"expects_after":{},"expires":"2026-01-05T08:01:30+00:00","host":"exchange","id":"7450bcc08ce64d7345e16789fe","kind":"run","run":"181ef96d425a2c49e5bedb331c","shell":["exchange","ex1.contoso.com","in-process",""]}',-228703769043861423,0);
INSERT INTO "intents" VALUES(1,13,0,'47da32a12f2a8c26bc9c3cdd75','{"address":"auto_attendant/Main","command":"New-UMAutoAttendant -Name Main -UMDialPlan Redmond -PilotIdentifierList +14255550190 -Status Enabled","discharges":[],"expects":null,"expects_after":{"dial_plan":"Redmond","pilot_numbers":["+14255550190"],"status":"Enabled"},"expires":"2026-01-05T08:01:33.750000+00:00","host":"exchange","id":"47da32a12f2a8c26bc9c3cdd75","kind":"create","run":"181ef96d425a2c49e5bedb331c","shell":["exchange","ex1.contoso.com","in-process",""]}',3473877402927297081,0);
INSERT INTO "intents" VALUES(1,15,0,'e21af1d7f049ed42750ab934f1','{"address":"um_mailbox/alice@contoso.com","command":"Enable-UMMailbox -Identity 6a644327-1d8b-4d58-b3d7-4c60ff5bec02 -UMMailboxPolicy <default policy of Redmond> -Extensions 50101 -SIPResourceIdentifier alice@contoso.com","discharges":[],"expects":null,"expects_after":{"dial_plan":"Redmond","extension":["50101"],"policy":"Redmond/default","sip_address":"alice@contoso.com"},"expires":"2026-01-05T08:01:33.750000+00:00","host":"exchange","id":"e21af1d7f049ed42750ab934f1","kind":"create","run":"181ef96d425a2c49e5bedb331c","shell":["exchange","ex1.contoso.com","in-process",""]}',3295941447239790125,0);
INSERT INTO "intents" VALUES(1,15,1,'ee69cf5564865eb0152ddc98ba','{"address":"um_mailbox/ben@contoso.com","command":"Enable-UMMailbox -Identity 9adc733c-dd8f-42ce-b92d-c4499aba14f5 -UMMailboxPolicy <default policy of Redmond> -Extensions 50103 -SIPResourceIdentifier ben@contoso.com","discharges":[],"expects":null,"expects_after":{"dial_plan":"Redmond","extension":["50103"],"policy":"Redmond/default","sip_address":"ben@contoso.com"},"expires":"2026-01-05T08:01:34.750000+00:00","host":"exchange","id":"ee69cf5564865eb0152ddc98ba","kind":"create","run":"181ef96d425a2c49e5bedb331c","shell":["exchange","ex1.contoso.com","in-process",""]}',-8074805644390928580,0);
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
INSERT INTO "meta" VALUES(1,'little',1,'43d85738153af1d4d2e32db06d',18,1,'bfcafb77e2192b97','da01374fdbe1dc8d6873aed50b8804c990e4225f14747ae81fb4b0c651f33952',3860622460519416566);
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
INSERT INTO "obligations" VALUES(1,'front-end-restart','fe1.contoso.com','["fe1.contoso.com",null]',-5919515120814628832);
INSERT INTO "obligations" VALUES(1,'front-end-restart','fe2.contoso.com','["fe2.contoso.com",null]',3399504755519944248);
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
INSERT INTO "outcomes" VALUES(1,4,0,'["aa8d6993009b29538d1c4f7208","done",""]');
INSERT INTO "outcomes" VALUES(1,6,0,'["85c41cdcda4361eabff1affeeb","done",""]');
INSERT INTO "outcomes" VALUES(1,8,0,'["4238e6aadbd4ef8acf659d395f","done",""]');
INSERT INTO "outcomes" VALUES(1,10,0,'["719dd1550f42fefe3c11e60ff2","done",""]');
INSERT INTO "outcomes" VALUES(1,12,0,'["7450bcc08ce64d7345e16789fe","failed","no gateway for pool1.contoso.com. Likeliest cause: the gateway of pool1.contoso.com cannot be made: a gateway named 1:1 already exists, ip_gateway/old.contoso.com"]');
INSERT INTO "outcomes" VALUES(1,14,0,'["47da32a12f2a8c26bc9c3cdd75","done",""]');
INSERT INTO "outcomes" VALUES(1,16,0,'["e21af1d7f049ed42750ab934f1","done",""]');
INSERT INTO "outcomes" VALUES(1,16,1,'["ee69cf5564865eb0152ddc98ba","done",""]');
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
INSERT INTO "resources" VALUES(1,'dial_plan/Redmond','{"attributes":{"country_code":"1","extension_digits":5,"voip_security":"Secured"},"guid":"8d48ccc6-7868-4971-a123-7d75aaa27917","name":"Redmond"}',-1592285453913773639);
INSERT INTO "resources" VALUES(1,'exchucutil/contoso.com','{"attributes":{"missing":["no gateway for pool1.contoso.com"],"printed":"Using Global Catalog: dc2.contoso.com\nError: Active Directory operation failed on dc2.contoso.com. The object ''1:1'' already exists.\n\nObjectName                                                                                                     AccessRights                Configured\n----------                                                                                                     ------------                ----------\nCN=Contoso,CN=Microsoft Exchange,CN=Services,CN=Configuration,DC=contoso,DC=com                                ListChildren                Yes\nCN=UM DialPlan Container,CN=Contoso,CN=Microsoft Exchange,CN=Services,CN=Configuration,DC=contoso,DC=com       ListChildren, ReadProperty  Yes\nCN=UM AutoAttendant Container,CN=Contoso,CN=Microsoft Exchange,CN=Services,CN=Configuration,DC=contoso,DC=com  ListChildren, ReadProperty  Yes\nCN=Administrative Groups,CN=Contoso,CN=Microsoft Exchange,CN=Services,CN=Configuration,DC=contoso,DC=com       ListChildren, ReadProperty  Yes\nCN=Contoso,CN=Microsoft Exchange,CN=Services,CN=Configuration,DC=contoso,DC=com                                ListChildren                Yes\nCN=UM DialPlan Container,CN=Contoso,CN=Microsoft Exchange,CN=Services,CN=Configuration,DC=contoso,DC=com       ListChildren, ReadProperty  Yes\nCN=UM AutoAttendant Container,CN=Contoso,CN=Microsoft Exchange,CN=Services,CN=Configuration,DC=contoso,DC=com  ListChildren, ReadProperty  Yes\nCN=Administrative Groups,CN=Contoso,CN=Microsoft Exchange,CN=Services,CN=Configuration,DC=contoso,DC=com       ListChildren, ReadProperty  Yes\n\nPoolFqdn  UMIPGateway  DialPlans\n--------  -----------  ---------","upon":"f0b729cb27d577266f98df389f9924f0a952d5e4de7089b1b4c5d17df4de1d7a"}}',5694960228501698052);
INSERT INTO "resources" VALUES(1,'server_binding/ex1.contoso.com/call_router','{"attributes":{"dial_plans":["Redmond"],"startup_mode":"Dual"},"guid":"7ea35c98-c271-4397-bfd3-d771d4fa3439","name":"EX1","needs":["dial_plan/Redmond"]}',-754498094625460494);
INSERT INTO "resources" VALUES(1,'server_binding/ex1.contoso.com/um_service','{"attributes":{"dial_plans":["Redmond"],"startup_mode":"Dual"},"guid":"1103746b-48b3-40c0-8497-d32503bf4065","name":"EX1","needs":["dial_plan/Redmond"]}',3746082968291126418);
INSERT INTO "resources" VALUES(1,'um_mailbox/alice@contoso.com','{"attributes":{"dial_plan":"Redmond","extension":["50101"],"policy":"Redmond/default","sip_address":"alice@contoso.com"},"guid":"6a644327-1d8b-4d58-b3d7-4c60ff5bec02","name":"alice@contoso.com","needs":["mailbox_policy/Redmond/default","dial_plan/Redmond"]}',-2947171714352148004);
INSERT INTO "resources" VALUES(1,'um_mailbox/ben@contoso.com','{"attributes":{"dial_plan":"Redmond","extension":["50103"],"policy":"Redmond/default","sip_address":"ben@contoso.com"},"guid":"9adc733c-dd8f-42ce-b92d-c4499aba14f5","name":"ben@contoso.com","needs":["mailbox_policy/Redmond/default","dial_plan/Redmond"]}',2745864887015000913);
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
INSERT INTO "runs" VALUES(1,'181ef96d425a2c49e5bedb331c',1,'{"blocked":3,"commit":null,"done":7,"ended":"2026-01-05T08:01:03.750000+00:00","exit_code":3,"failed":1,"host":"ops1.contoso.com","id":"181ef96d425a2c49e5bedb331c","plan_digest":"c81756a58aaa67e0312df628518b7ac68acfb9c0fab04dd545ac79dc5abf6033","started":"2026-01-05T08:01:00+00:00","user":"kim"}',-8377956613871661441);
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
INSERT INTO "used_plans" VALUES(1,'cae5bc8811ad972dae3b1fcebe',3);
CREATE INDEX intents_by_id ON intents (environment, id);
CREATE INDEX runs_by_serial ON runs (environment, serial);
CREATE INDEX intents_open ON intents (environment, serial, position) WHERE is_open = 1;
COMMIT;
