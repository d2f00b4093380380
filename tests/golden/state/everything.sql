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
INSERT INTO "audit" VALUES(1,1,1,'2026-01-05T08:00:00+00:00','{"host":"ops1 \u20ac","operation":"state rm","pid":4711,"run":"run1","started":"2026-01-05T08:00:00+00:00","user":"kim"}','{"commit":"4f2c91d0c3a5","kind":"begin","plan":"dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd","run":"run1"}','e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855','1c2daf85f49250643358dce05c326abe36529a3d858c47b36aa069079e450fea','ad4f43a97c55dadafd3a80717ea2a37c646cd8e11118d22765117ab10614c0cb');
INSERT INTO "audit" VALUES(1,2,1,'2026-01-05T08:00:00+00:00','{"host":"ops1 \u20ac","operation":"state rm","pid":4711,"run":"run1","started":"2026-01-05T08:00:00+00:00","user":"kim"}','{"commit":"4f2c91d0c3a5","kind":"end","plan":"dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd","run":"run1"}','e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855','d91fe738cf6d00f785074c8a42ac01692c9a2a81aae02e0ffd6617eeb40e2b18','25cf6f2d0998179ff736afe85ce5053d0b3ce453d84a6e2e99364bea733831ba');
INSERT INTO "audit" VALUES(1,3,2,'2026-01-05T08:00:00+00:00','{"host":"ops1 \u20ac","operation":"apply","pid":4711,"run":"killed","started":"2026-01-05T08:00:00+00:00","user":"kim"}','{"commit":null,"kind":"begin","plan":null,"run":"killed"}','e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855','65b776b6bba6c23235663056535a32322c2ca05cbf78c31901be2200658e6701','397dfd86461311f4cdfe6b9f111146c7f78fdccc316e522bdd12f75cfdafa156');
INSERT INTO "audit" VALUES(1,4,3,'2026-01-05T08:01:30+00:00','{"host":"ops1 \u20ac","operation":"state unlock","pid":4711,"run":"run2","started":"2026-01-05T08:00:00+00:00","user":"kim"}','{"host":"ops1 \u20ac","kind":"unlock","run":"killed","user":"kim"}','e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855','6f9e8b2c6dacbce1230802c5e156985b3e06fc72425000d3fb80331443a42c89','8c437c04bfb4b0bc6c5fac8387a1c873942f9d6e6cb1b98683bce1028ef68b89');
INSERT INTO "audit" VALUES(1,5,4,'2026-01-05T08:01:30+00:00','{"host":"ops1 \u20ac","operation":"apply","pid":4711,"run":"run2","started":"2026-01-05T08:00:00+00:00","user":"kim"}','{"commit":"4f2c91d0c3a5","kind":"begin","plan":null,"run":"run2"}','e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855','1187f011ecb5376af7b9251c1b58f723529cfe1e19725f2f173aff13d4ea6fc7','01c57cd520588bc9099c8e83656c80dbab74a1339f01e684ffb5fab05a77b269');
INSERT INTO "audit" VALUES(1,6,4,'2026-01-05T08:01:30+00:00','{"host":"ops1 \u20ac","operation":"apply","pid":4711,"run":"run2","started":"2026-01-05T08:00:00+00:00","user":"kim"}','{"decisions":["0:site","1%:site","10\u2028\u2029:site","11::set-output name=x::y:site","12##vso[task.setvariable variable=x]y:site","13''; Remove-Mailbox *; '':site","14\u2019quoted\u2018:site","15$(Get-Process)`n:site","16%41%00:site","17\"\\:site","18\u3164\u2800\udb40\udc41:site","19\u00fcn\u00efc\u00f8d\u00e9 \u65e5\u672c\u8a9e:site","20\ud800:site","2a/b:site","3\u001b]0;owned\u0007:site","4\u001b[2J:site","5a\rb:site","6line\nline:site","7\u007f\u0080\u009b31m:site","8\u202ereversed:site","9zero\u200bwidth\ufeff:site"],"intents":["0","1%","2a/b","3\u001b]0;owned\u0007","4\u001b[2J","5a\rb","6line\nline","7\u007f\u0080\u009b31m","8\u202ereversed","9zero\u200bwidth\ufeff","10\u2028\u2029","11::set-output name=x::y","12##vso[task.setvariable variable=x]y","13''; Remove-Mailbox *; ''","14\u2019quoted\u2018","15$(Get-Process)`n","16%41%00","17\"\\","18\u3164\u2800\udb40\udc41","19\u00fcn\u00efc\u00f8d\u00e9 \u65e5\u672c\u8a9e","20\ud800"],"owe":[["front-end-restart","fe1.contoso.com/rtcsrv"],["front-end-restart","fe1.contoso.com/\u20ac"],["front-end-restart","fe1.contoso.com/\ud800"],["um-service-restart","fe1.contoso.com/rtcsrv"],["um-service-restart","fe1.contoso.com/\u20ac"],["um-service-restart","fe1.contoso.com/\ud800"],["service-runs","fe1.contoso.com/rtcsrv"],["service-runs","fe1.contoso.com/\u20ac"],["service-runs","fe1.contoso.com/\ud800"],["lower-outcalls","fe1.contoso.com/rtcsrv"],["lower-outcalls","fe1.contoso.com/\u20ac"],["lower-outcalls","fe1.contoso.com/\ud800"]],"remember":21,"uses":"n0nce % \u20ac"}','8a41ccded79ec238432f38b6872c2addb8684bbdfcf87caa09474c8a009459e7','5c9198fff9cae6dd26c725b71e941bece1b99c72bea269ee1d7511e80b6eb288','51079da0d711e8b008353152c7bfcec6057c83f7257ead00c81c0d13257b0498');
INSERT INTO "audit" VALUES(1,7,4,'2026-01-05T08:01:31+00:00','{"host":"ops1 \u20ac","operation":"apply","pid":4711,"run":"run2","started":"2026-01-05T08:00:00+00:00","user":"kim"}','{"decisions":["domain_controller"],"discharge":[["front-end-restart","fe1.contoso.com/\u20ac"]],"forget":["dial_plan/3%1B%5D0%3Bowned%07","dial_plan/4%1B%5B2J"],"outcomes":[["0","done"],["1%","done"],["2a/b","done"],["3\u001b]0;owned\u0007","not-run"],["4\u001b[2J","not-run"],["5a\rb","not-run"],["6line\nline","failed"],["7\u007f\u0080\u009b31m","failed"],["8\u202ereversed","failed"],["9zero\u200bwidth\ufeff","unknown"],["10\u2028\u2029","unknown"],["11::set-output name=x::y","unknown"]],"owe":[["front-end-restart","fe1.contoso.com/rtcsrv"]]}','ef6b9d107cd7c91786f76ef023243859c9d999f39668bbca00c3105a5ac71c57','7f4f852831f96a757995a71b6173b4b44ba6deb6707637d1bcc9788834af85b3','563041784f95c20c1979e95d73bdc774568fc6bd8bf801421fb3593ad62b10b9');
INSERT INTO "audit" VALUES(1,8,4,'2026-01-05T08:01:32+00:00','{"host":"ops1 \u20ac","operation":"apply","pid":4711,"run":"run2","started":"2026-01-05T08:00:00+00:00","user":"kim"}','{"intents":["20\ud800"]}','a2afce47156d3e46b071b6dfc244926ac4264afd11594c5018b3bc3ef7900173','e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855','84dc596894de7d52de524aa1c0b1a310cc2b2280c91d8e16a96fd66812cea1fa');
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
INSERT INTO "decisions" VALUES(1,'0:site','""',-345044901924880331);
INSERT INTO "decisions" VALUES(1,'1%25:site','"%"',4588070153580011205);
INSERT INTO "decisions" VALUES(1,'10%E2%80%A8%E2%80%A9:site','"\u2028\u2029"',-3241332119525046549);
INSERT INTO "decisions" VALUES(1,'11::set-output name=x::y:site','"::set-output name=x::y"',-883199265348772230);
INSERT INTO "decisions" VALUES(1,'12##vso[task.setvariable variable=x]y:site','"##vso[task.setvariable variable=x]y"',-2772654203714368416);
INSERT INTO "decisions" VALUES(1,'13''; Remove-Mailbox *; '':site','"''; Remove-Mailbox *; ''"',4783218772118708279);
INSERT INTO "decisions" VALUES(1,'14%E2%80%99quoted%E2%80%98:site','"\u2019quoted\u2018"',8764324262161948601);
INSERT INTO "decisions" VALUES(1,'15$(Get-Process)`n:site','"$(Get-Process)`n"',-5738946023567663465);
INSERT INTO "decisions" VALUES(1,'16%2541%2500:site','"%41%00"',5343338441604800877);
INSERT INTO "decisions" VALUES(1,'17"\:site','"\"\\"',8565201630195499905);
INSERT INTO "decisions" VALUES(1,'18%E3%85%A4%E2%A0%80%F3%A0%81%81:site','"\u3164\u2800\udb40\udc41"',-518196623023193310);
INSERT INTO "decisions" VALUES(1,'19%C3%BCn%C3%AFc%C3%B8d%C3%A9 %E6%97%A5%E6%9C%AC%E8%AA%9E:site','"\u00fcn\u00efc\u00f8d\u00e9 \u65e5\u672c\u8a9e"',5423999136979028378);
INSERT INTO "decisions" VALUES(1,'20%ED%A0%80:site','"\ud800"',-5999064967944970166);
INSERT INTO "decisions" VALUES(1,'2a/b:site','"a/b"',-6710764969845258732);
INSERT INTO "decisions" VALUES(1,'3%1B]0;owned%07:site','"\u001b]0;owned\u0007"',-2856648446989733444);
INSERT INTO "decisions" VALUES(1,'4%1B[2J:site','"\u001b[2J"',-5172894541048824363);
INSERT INTO "decisions" VALUES(1,'5a%0Db:site','"a\rb"',-8467573742786431863);
INSERT INTO "decisions" VALUES(1,'6line%0Aline:site','"line\nline"',4678549281513408115);
INSERT INTO "decisions" VALUES(1,'7%7F%C2%80%C2%9B31m:site','"\u007f\u0080\u009b31m"',-7263934081542853997);
INSERT INTO "decisions" VALUES(1,'8%E2%80%AEreversed:site','"\u202ereversed"',-1930305583300409471);
INSERT INTO "decisions" VALUES(1,'9zero%E2%80%8Bwidth%EF%BB%BF:site','"zero\u200bwidth\ufeff"',1675426399199119140);
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
INSERT INTO "intents" VALUES(1,6,0,'0','{"address":"dial_plan/0","command":"Set-UMDialPlan ","discharges":[],"expects":null,"expects_after":{"empty":[],"false":false,"long":-1180591620717411303424,"nested":["a",["b",[null,true,1]]],"none":null,"text 0":"","text 1":"%","text 10":"\u2028\u2029","text 11":"::set-output name=x::y","text 12":"##vso[task.setvariable variable=x]y","text 13":"''; Remove-Mailbox *; ''","text 14":"\u2019quoted\u2018","text 15":"$(Get-Process)`n","text 16":"%41%00","text 17":"\"\\","text 18":"\u3164\u2800\udb40\udc41","text 19":"\u00fcn\u00efc\u00f8d\u00e9 \u65e5\u672c\u8a9e","text 2":"a/b","text 20":"\ud800","text 3":"\u001b]0;owned\u0007","text 4":"\u001b[2J","text 5":"a\rb","text 6":"line\nline","text 7":"\u007f\u0080\u009b31m","text 8":"\u202ereversed","text 9":"zero\u200bwidth\ufeff","true":true,"zero":0,"\u20ac":"\u20ac"},"expires":"2026-01-05T08:00:30+00:00","host":"","id":"0","kind":"update","run":"run2"}',-1334814016039440788,0);
INSERT INTO "intents" VALUES(1,6,1,'1%25','{"address":"dial_plan/1%25","command":"Set-UMDialPlan %","discharges":[["front-end-restart","FE1.contoso.com/RTCSRV",null]],"expects":{},"expects_after":null,"expires":"2026-01-05T08:00:30+00:00","host":"%","id":"1%","kind":"update","run":"run2","shell":["exchange","%","%","%"]}',-1935720319378562476,0);
INSERT INTO "intents" VALUES(1,6,2,'2a/b','{"address":"dial_plan/2a/b","command":"Set-UMDialPlan a/b","discharges":[["front-end-restart","FE1.contoso.com/RTCSRV",null],["front-end-restart","FE1.contoso.com/\u20ac","2026-01-05T08:00:00Z"]],"expects":{"empty":[],"false":false,"long":-1180591620717411303424,"nested":["a",["b",[null,true,1]]],"none":null,"text 0":"","text 1":"%","text 10":"\u2028\u2029","text 11":"::set-output name=x::y","text 12":"##vso[task.setvariable variable=x]y","text 13":"''; Remove-Mailbox *; ''","text 14":"\u2019quoted\u2018","text 15":"$(Get-Process)`n","text 16":"%41%00","text 17":"\"\\","text 18":"\u3164\u2800\udb40\udc41","text 19":"\u00fcn\u00efc\u00f8d\u00e9 \u65e5\u672c\u8a9e","text 2":"a/b","text 20":"\ud800","text 3":"\u001b]0;owned\u0007","text 4":"\u001b[2J","text 5":"a\rb","text 6":"line\nline","text 7":"\u007f\u0080\u009b31m","text 8":"\u202ereversed","text 9":"zero\u200bwidth\ufeff","true":true,"zero":0,"\u20ac":"\u20ac"},"expects_after":{},"expires":"2026-01-05T08:00:30+00:00","host":"a/b","id":"2a/b","kind":"update","run":"run2","shell":["lync",null,"s",""]}',5976895697638641079,0);
INSERT INTO "intents" VALUES(1,6,3,'3%1B]0;owned%07','{"address":"dial_plan/3%1B]0;owned%07","command":"Set-UMDialPlan \u001b]0;owned\u0007","discharges":[],"expects":null,"expects_after":{"empty":[],"false":false,"long":-1180591620717411303424,"nested":["a",["b",[null,true,1]]],"none":null,"text 0":"","text 1":"%","text 10":"\u2028\u2029","text 11":"::set-output name=x::y","text 12":"##vso[task.setvariable variable=x]y","text 13":"''; Remove-Mailbox *; ''","text 14":"\u2019quoted\u2018","text 15":"$(Get-Process)`n","text 16":"%41%00","text 17":"\"\\","text 18":"\u3164\u2800\udb40\udc41","text 19":"\u00fcn\u00efc\u00f8d\u00e9 \u65e5\u672c\u8a9e","text 2":"a/b","text 20":"\ud800","text 3":"\u001b]0;owned\u0007","text 4":"\u001b[2J","text 5":"a\rb","text 6":"line\nline","text 7":"\u007f\u0080\u009b31m","text 8":"\u202ereversed","text 9":"zero\u200bwidth\ufeff","true":true,"zero":0,"\u20ac":"\u20ac"},"expires":"2026-01-05T08:00:30+00:00","host":"\u001b]0;owned\u0007","id":"3\u001b]0;owned\u0007","kind":"update","run":"run2"}',7852561528585851143,0);
INSERT INTO "intents" VALUES(1,6,4,'4%1B[2J','{"address":"dial_plan/4%1B[2J","command":"Set-UMDialPlan \u001b[2J","discharges":[["front-end-restart","FE1.contoso.com/RTCSRV",null]],"expects":{},"expects_after":null,"expires":"2026-01-05T08:00:30+00:00","host":"\u001b[2J","id":"4\u001b[2J","kind":"update","run":"run2","shell":["exchange","\u001b[2J","\u001b[2J","\u001b[2J"]}',-7654513784601309400,0);
INSERT INTO "intents" VALUES(1,6,5,'5a%0Db','{"address":"dial_plan/5a%0Db","command":"Set-UMDialPlan a\rb","discharges":[["front-end-restart","FE1.contoso.com/RTCSRV",null],["front-end-restart","FE1.contoso.com/\u20ac","2026-01-05T08:00:00Z"]],"expects":{"empty":[],"false":false,"long":-1180591620717411303424,"nested":["a",["b",[null,true,1]]],"none":null,"text 0":"","text 1":"%","text 10":"\u2028\u2029","text 11":"::set-output name=x::y","text 12":"##vso[task.setvariable variable=x]y","text 13":"''; Remove-Mailbox *; ''","text 14":"\u2019quoted\u2018","text 15":"$(Get-Process)`n","text 16":"%41%00","text 17":"\"\\","text 18":"\u3164\u2800\udb40\udc41","text 19":"\u00fcn\u00efc\u00f8d\u00e9 \u65e5\u672c\u8a9e","text 2":"a/b","text 20":"\ud800","text 3":"\u001b]0;owned\u0007","text 4":"\u001b[2J","text 5":"a\rb","text 6":"line\nline","text 7":"\u007f\u0080\u009b31m","text 8":"\u202ereversed","text 9":"zero\u200bwidth\ufeff","true":true,"zero":0,"\u20ac":"\u20ac"},"expects_after":{},"expires":"2026-01-05T08:00:30+00:00","host":"a\rb","id":"5a\rb","kind":"update","run":"run2","shell":["lync",null,"s",""]}',4908911405036407114,0);
INSERT INTO "intents" VALUES(1,6,6,'6line%0Aline','{"address":"dial_plan/6line%0Aline","command":"Set-UMDialPlan line\nline","discharges":[],"expects":null,"expects_after":{"empty":[],"false":false,"long":-1180591620717411303424,"nested":["a",["b",[null,true,1]]],"none":null,"text 0":"","text 1":"%","text 10":"\u2028\u2029","text 11":"::set-output name=x::y","text 12":"##vso[task.setvariable variable=x]y","text 13":"''; Remove-Mailbox *; ''","text 14":"\u2019quoted\u2018","text 15":"$(Get-Process)`n","text 16":"%41%00","text 17":"\"\\","text 18":"\u3164\u2800\udb40\udc41","text 19":"\u00fcn\u00efc\u00f8d\u00e9 \u65e5\u672c\u8a9e","text 2":"a/b","text 20":"\ud800","text 3":"\u001b]0;owned\u0007","text 4":"\u001b[2J","text 5":"a\rb","text 6":"line\nline","text 7":"\u007f\u0080\u009b31m","text 8":"\u202ereversed","text 9":"zero\u200bwidth\ufeff","true":true,"zero":0,"\u20ac":"\u20ac"},"expires":"2026-01-05T08:00:30+00:00","host":"line\nline","id":"6line\nline","kind":"update","run":"run2"}',6266771449734700401,0);
INSERT INTO "intents" VALUES(1,6,7,'7%7F%C2%80%C2%9B31m','{"address":"dial_plan/7%7F%C2%80%C2%9B31m","command":"Set-UMDialPlan \u007f\u0080\u009b31m","discharges":[["front-end-restart","FE1.contoso.com/RTCSRV",null]],"expects":{},"expects_after":null,"expires":"2026-01-05T08:00:30+00:00","host":"\u007f\u0080\u009b31m","id":"7\u007f\u0080\u009b31m","kind":"update","run":"run2","shell":["exchange","\u007f\u0080\u009b31m","\u007f\u0080\u009b31m","\u007f\u0080\u009b31m"]}',-337933819867640313,0);
INSERT INTO "intents" VALUES(1,6,8,'8%E2%80%AEreversed','{"address":"dial_plan/8%E2%80%AEreversed","command":"Set-UMDialPlan \u202ereversed","discharges":[["front-end-restart","FE1.contoso.com/RTCSRV",null],["front-end-restart","FE1.contoso.com/\u20ac","2026-01-05T08:00:00Z"]],"expects":{"empty":[],"false":false,"long":-1180591620717411303424,"nested":["a",["b",[null,true,1]]],"none":null,"text 0":"","text 1":"%","text 10":"\u2028\u2029","text 11":"::set-output name=x::y","text 12":"##vso[task.setvariable variable=x]y","text 13":"''; Remove-Mailbox *; ''","text 14":"\u2019quoted\u2018","text 15":"$(Get-Process)`n","text 16":"%41%00","text 17":"\"\\","text 18":"\u3164\u2800\udb40\udc41","text 19":"\u00fcn\u00efc\u00f8d\u00e9 \u65e5\u672c\u8a9e","text 2":"a/b","text 20":"\ud800","text 3":"\u001b]0;owned\u0007","text 4":"\u001b[2J","text 5":"a\rb","text 6":"line\nline","text 7":"\u007f\u0080\u009b31m","text 8":"\u202ereversed","text 9":"zero\u200bwidth\ufeff","true":true,"zero":0,"\u20ac":"\u20ac"},"expects_after":{},"expires":"2026-01-05T08:00:30+00:00","host":"\u202ereversed","id":"8\u202ereversed","kind":"update","run":"run2","shell":["lync",null,"s",""]}',-2286009161066770148,0);
INSERT INTO "intents" VALUES(1,6,9,'9zero%E2%80%8Bwidth%EF%BB%BF','{"address":"dial_plan/9zero%E2%80%8Bwidth%EF%BB%BF","command":"Set-UMDialPlan zero\u200bwidth\ufeff","discharges":[],"expects":null,"expects_after":{"empty":[],"false":false,"long":-1180591620717411303424,"nested":["a",["b",[null,true,1]]],"none":null,"text 0":"","text 1":"%","text 10":"\u2028\u2029","text 11":"::set-output name=x::y","text 12":"##vso[task.setvariable variable=x]y","text 13":"''; Remove-Mailbox *; ''","text 14":"\u2019quoted\u2018","text 15":"$(Get-Process)`n","text 16":"%41%00","text 17":"\"\\","text 18":"\u3164\u2800\udb40\udc41","text 19":"\u00fcn\u00efc\u00f8d\u00e9 \u65e5\u672c\u8a9e","text 2":"a/b","text 20":"\ud800","text 3":"\u001b]0;owned\u0007","text 4":"\u001b[2J","text 5":"a\rb","text 6":"line\nline","text 7":"\u007f\u0080\u009b31m","text 8":"\u202ereversed","text 9":"zero\u200bwidth\ufeff","true":true,"zero":0,"\u20ac":"\u20ac"},"expires":"2026-01-05T08:00:30+00:00","host":"zero\u200bwidth\ufeff","id":"9zero\u200bwidth\ufeff","kind":"update","run":"run2"}',-1158731566335063438,0);
INSERT INTO "intents" VALUES(1,6,10,'10%E2%80%A8%E2%80%A9','{"address":"dial_plan/10%E2%80%A8%E2%80%A9","command":"Set-UMDialPlan \u2028\u2029","discharges":[["front-end-restart","FE1.contoso.com/RTCSRV",null]],"expects":{},"expects_after":null,"expires":"2026-01-05T08:00:30+00:00","host":"\u2028\u2029","id":"10\u2028\u2029","kind":"update","run":"run2","shell":["exchange","\u2028\u2029","\u2028\u2029","\u2028\u2029"]}',2966897635139656240,0);
INSERT INTO "intents" VALUES(1,6,11,'11::set-output name=x::y','{"address":"dial_plan/11::set-output name=x::y","command":"Set-UMDialPlan ::set-output name=x::y","discharges":[["front-end-restart","FE1.contoso.com/RTCSRV",null],["front-end-restart","FE1.contoso.com/\u20ac","2026-01-05T08:00:00Z"]],"expects":{"empty":[],"false":false,"long":-1180591620717411303424,"nested":["a",["b",[null,true,1]]],"none":null,"text 0":"","text 1":"%","text 10":"\u2028\u2029","text 11":"::set-output name=x::y","text 12":"##vso[task.setvariable variable=x]y","text 13":"''; Remove-Mailbox *; ''","text 14":"\u2019quoted\u2018","text 15":"$(Get-Process)`n","text 16":"%41%00","text 17":"\"\\","text 18":"\u3164\u2800\udb40\udc41","text 19":"\u00fcn\u00efc\u00f8d\u00e9 \u65e5\u672c\u8a9e","text 2":"a/b","text 20":"\ud800","text 3":"\u001b]0;owned\u0007","text 4":"\u001b[2J","text 5":"a\rb","text 6":"line\nline","text 7":"\u007f\u0080\u009b31m","text 8":"\u202ereversed","text 9":"zero\u200bwidth\ufeff","true":true,"zero":0,"\u20ac":"\u20ac"},"expects_after":{},"expires":"2026-01-05T08:00:30+00:00","host":"::set-output name=x::y","id":"11::set-output name=x::y","kind":"update","run":"run2","shell":["lync",null,"s",""]}',1397932096791586627,0);
INSERT INTO "intents" VALUES(1,6,12,'12##vso[task.setvariable variable=x]y','{"address":"dial_plan/12##vso[task.setvariable variable=x]y","command":"Set-UMDialPlan ##vso[task.setvariable variable=x]y","discharges":[],"expects":null,"expects_after":{"empty":[],"false":false,"long":-1180591620717411303424,"nested":["a",["b",[null,true,1]]],"none":null,"text 0":"","text 1":"%","text 10":"\u2028\u2029","text 11":"::set-output name=x::y","text 12":"##vso[task.setvariable variable=x]y","text 13":"''; Remove-Mailbox *; ''","text 14":"\u2019quoted\u2018","text 15":"$(Get-Process)`n","text 16":"%41%00","text 17":"\"\\","text 18":"\u3164\u2800\udb40\udc41","text 19":"\u00fcn\u00efc\u00f8d\u00e9 \u65e5\u672c\u8a9e","text 2":"a/b","text 20":"\ud800","text 3":"\u001b]0;owned\u0007","text 4":"\u001b[2J","text 5":"a\rb","text 6":"line\nline","text 7":"\u007f\u0080\u009b31m","text 8":"\u202ereversed","text 9":"zero\u200bwidth\ufeff","true":true,"zero":0,"\u20ac":"\u20ac"},"expires":"2026-01-05T08:00:30+00:00","host":"##vso[task.setvariable variable=x]y","id":"12##vso[task.setvariable variable=x]y","kind":"update","run":"run2"}',6186373426406390748,1);
INSERT INTO "intents" VALUES(1,6,13,'13''; Remove-Mailbox *; ''','{"address":"dial_plan/13''; Remove-Mailbox *; ''","command":"Set-UMDialPlan ''; Remove-Mailbox *; ''","discharges":[["front-end-restart","FE1.contoso.com/RTCSRV",null]],"expects":{},"expects_after":null,"expires":"2026-01-05T08:00:30+00:00","host":"''; Remove-Mailbox *; ''","id":"13''; Remove-Mailbox *; ''","kind":"update","run":"run2","shell":["exchange","''; Remove-Mailbox *; ''","''; Remove-Mailbox *; ''","''; Remove-Mailbox *; ''"]}',7304242270352394372,1);
INSERT INTO "intents" VALUES(1,6,14,'14%E2%80%99quoted%E2%80%98','{"address":"dial_plan/14%E2%80%99quoted%E2%80%98","command":"Set-UMDialPlan \u2019quoted\u2018","discharges":[["front-end-restart","FE1.contoso.com/RTCSRV",null],["front-end-restart","FE1.contoso.com/\u20ac","2026-01-05T08:00:00Z"]],"expects":{"empty":[],"false":false,"long":-1180591620717411303424,"nested":["a",["b",[null,true,1]]],"none":null,"text 0":"","text 1":"%","text 10":"\u2028\u2029","text 11":"::set-output name=x::y","text 12":"##vso[task.setvariable variable=x]y","text 13":"''; Remove-Mailbox *; ''","text 14":"\u2019quoted\u2018","text 15":"$(Get-Process)`n","text 16":"%41%00","text 17":"\"\\","text 18":"\u3164\u2800\udb40\udc41","text 19":"\u00fcn\u00efc\u00f8d\u00e9 \u65e5\u672c\u8a9e","text 2":"a/b","text 20":"\ud800","text 3":"\u001b]0;owned\u0007","text 4":"\u001b[2J","text 5":"a\rb","text 6":"line\nline","text 7":"\u007f\u0080\u009b31m","text 8":"\u202ereversed","text 9":"zero\u200bwidth\ufeff","true":true,"zero":0,"\u20ac":"\u20ac"},"expects_after":{},"expires":"2026-01-05T08:00:30+00:00","host":"\u2019quoted\u2018","id":"14\u2019quoted\u2018","kind":"update","run":"run2","shell":["lync",null,"s",""]}',8182032085106641093,1);
INSERT INTO "intents" VALUES(1,6,15,'15$(Get-Process)`n','{"address":"dial_plan/15$(Get-Process)`n","command":"Set-UMDialPlan $(Get-Process)`n","discharges":[],"expects":null,"expects_after":{"empty":[],"false":false,"long":-1180591620717411303424,"nested":["a",["b",[null,true,1]]],"none":null,"text 0":"","text 1":"%","text 10":"\u2028\u2029","text 11":"::set-output name=x::y","text 12":"##vso[task.setvariable variable=x]y","text 13":"''; Remove-Mailbox *; ''","text 14":"\u2019quoted\u2018","text 15":"$(Get-Process)`n","text 16":"%41%00","text 17":"\"\\","text 18":"\u3164\u2800\udb40\udc41","text 19":"\u00fcn\u00efc\u00f8d\u00e9 \u65e5\u672c\u8a9e","text 2":"a/b","text 20":"\ud800","text 3":"\u001b]0;owned\u0007","text 4":"\u001b[2J","text 5":"a\rb","text 6":"line\nline","text 7":"\u007f\u0080\u009b31m","text 8":"\u202ereversed","text 9":"zero\u200bwidth\ufeff","true":true,"zero":0,"\u20ac":"\u20ac"},"expires":"2026-01-05T08:00:30+00:00","host":"$(Get-Process)`n","id":"15$(Get-Process)`n","kind":"update","run":"run2"}',-2183008836525113581,1);
INSERT INTO "intents" VALUES(1,6,16,'16%2541%2500','{"address":"dial_plan/16%2541%2500","command":"Set-UMDialPlan %41%00","discharges":[["front-end-restart","FE1.contoso.com/RTCSRV",null]],"expects":{},"expects_after":null,"expires":"2026-01-05T08:00:30+00:00","host":"%41%00","id":"16%41%00","kind":"update","run":"run2","shell":["exchange","%41%00","%41%00","%41%00"]}',-7779969358709386674,1);
INSERT INTO "intents" VALUES(1,6,17,'17"\','{"address":"dial_plan/17\"\\","command":"Set-UMDialPlan \"\\","discharges":[["front-end-restart","FE1.contoso.com/RTCSRV",null],["front-end-restart","FE1.contoso.com/\u20ac","2026-01-05T08:00:00Z"]],"expects":{"empty":[],"false":false,"long":-1180591620717411303424,"nested":["a",["b",[null,true,1]]],"none":null,"text 0":"","text 1":"%","text 10":"\u2028\u2029","text 11":"::set-output name=x::y","text 12":"##vso[task.setvariable variable=x]y","text 13":"''; Remove-Mailbox *; ''","text 14":"\u2019quoted\u2018","text 15":"$(Get-Process)`n","text 16":"%41%00","text 17":"\"\\","text 18":"\u3164\u2800\udb40\udc41","text 19":"\u00fcn\u00efc\u00f8d\u00e9 \u65e5\u672c\u8a9e","text 2":"a/b","text 20":"\ud800","text 3":"\u001b]0;owned\u0007","text 4":"\u001b[2J","text 5":"a\rb","text 6":"line\nline","text 7":"\u007f\u0080\u009b31m","text 8":"\u202ereversed","text 9":"zero\u200bwidth\ufeff","true":true,"zero":0,"\u20ac":"\u20ac"},"expects_after":{},"expires":"2026-01-05T08:00:30+00:00","host":"\"\\","id":"17\"\\","kind":"update","run":"run2","shell":["lync",null,"s",""]}',7137231697200867829,1);
INSERT INTO "intents" VALUES(1,6,18,'18%E3%85%A4%E2%A0%80%F3%A0%81%81','{"address":"dial_plan/18%E3%85%A4%E2%A0%80%F3%A0%81%81","command":"Set-UMDialPlan \u3164\u2800\udb40\udc41","discharges":[],"expects":null,"expects_after":{"empty":[],"false":false,"long":-1180591620717411303424,"nested":["a",["b",[null,true,1]]],"none":null,"text 0":"","text 1":"%","text 10":"\u2028\u2029","text 11":"::set-output name=x::y","text 12":"##vso[task.setvariable variable=x]y","text 13":"''; Remove-Mailbox *; ''","text 14":"\u2019quoted\u2018","text 15":"$(Get-Process)`n","text 16":"%41%00","text 17":"\"\\","text 18":"\u3164\u2800\udb40\udc41","text 19":"\u00fcn\u00efc\u00f8d\u00e9 \u65e5\u672c\u8a9e","text 2":"a/b","text 20":"\ud800","text 3":"\u001b]0;owned\u0007","text 4":"\u001b[2J","text 5":"a\rb","text 6":"line\nline","text 7":"\u007f\u0080\u009b31m","text 8":"\u202ereversed","text 9":"zero\u200bwidth\ufeff","true":true,"zero":0,"\u20ac":"\u20ac"},"expires":"2026-01-05T08:00:30+00:00","host":"\u3164\u2800\udb40\udc41","id":"18\u3164\u2800\udb40\udc41","kind":"update","run":"run2"}',-468910445862790930,1);
INSERT INTO "intents" VALUES(1,6,19,'19%C3%BCn%C3%AFc%C3%B8d%C3%A9 %E6%97%A5%E6%9C%AC%E8%AA%9E','{"address":"dial_plan/19%C3%BCn%C3%AFc%C3%B8d%C3%A9 %E6%97%A5%E6%9C%AC%E8%AA%9E","command":"Set-UMDialPlan \u00fcn\u00efc\u00f8d\u00e9 \u65e5\u672c\u8a9e","discharges":[["front-end-restart","FE1.contoso.com/RTCSRV",null]],"expects":{},"expects_after":null,"expires":"2026-01-05T08:00:30+00:00","host":"\u00fcn\u00efc\u00f8d\u00e9 \u65e5\u672c\u8a9e","id":"19\u00fcn\u00efc\u00f8d\u00e9 \u65e5\u672c\u8a9e","kind":"update","run":"run2","shell":["exchange","\u00fcn\u00efc\u00f8d\u00e9 \u65e5\u672c\u8a9e","\u00fcn\u00efc\u00f8d\u00e9 \u65e5\u672c\u8a9e","\u00fcn\u00efc\u00f8d\u00e9 \u65e5\u672c\u8a9e"]}',6813986514058318010,1);
INSERT INTO "intents" VALUES(1,6,20,'20%ED%A0%80','{"address":"dial_plan/20%ED%A0%80","command":"Set-UMDialPlan \ud800","discharges":[["front-end-restart","FE1.contoso.com/RTCSRV",null],["front-end-restart","FE1.contoso.com/\u20ac","2026-01-05T08:00:00Z"]],"expects":{"empty":[],"false":false,"long":-1180591620717411303424,"nested":["a",["b",[null,true,1]]],"none":null,"text 0":"","text 1":"%","text 10":"\u2028\u2029","text 11":"::set-output name=x::y","text 12":"##vso[task.setvariable variable=x]y","text 13":"''; Remove-Mailbox *; ''","text 14":"\u2019quoted\u2018","text 15":"$(Get-Process)`n","text 16":"%41%00","text 17":"\"\\","text 18":"\u3164\u2800\udb40\udc41","text 19":"\u00fcn\u00efc\u00f8d\u00e9 \u65e5\u672c\u8a9e","text 2":"a/b","text 20":"\ud800","text 3":"\u001b]0;owned\u0007","text 4":"\u001b[2J","text 5":"a\rb","text 6":"line\nline","text 7":"\u007f\u0080\u009b31m","text 8":"\u202ereversed","text 9":"zero\u200bwidth\ufeff","true":true,"zero":0,"\u20ac":"\u20ac"},"expects_after":{},"expires":"2026-01-05T08:00:30+00:00","host":"\ud800","id":"20\ud800","kind":"update","run":"run2","shell":["lync",null,"s",""]}',6261979259353440382,0);
INSERT INTO "intents" VALUES(1,8,0,'20%ED%A0%80','{"address":"dial_plan/20%ED%A0%80","command":"Set-UMDialPlan \ud800","discharges":[["front-end-restart","FE1.contoso.com/RTCSRV",null],["front-end-restart","FE1.contoso.com/\u20ac","2026-01-05T08:00:00Z"]],"expects":{"empty":[],"false":false,"long":-1180591620717411303424,"nested":["a",["b",[null,true,1]]],"none":null,"text 0":"","text 1":"%","text 10":"\u2028\u2029","text 11":"::set-output name=x::y","text 12":"##vso[task.setvariable variable=x]y","text 13":"''; Remove-Mailbox *; ''","text 14":"\u2019quoted\u2018","text 15":"$(Get-Process)`n","text 16":"%41%00","text 17":"\"\\","text 18":"\u3164\u2800\udb40\udc41","text 19":"\u00fcn\u00efc\u00f8d\u00e9 \u65e5\u672c\u8a9e","text 2":"a/b","text 20":"\ud800","text 3":"\u001b]0;owned\u0007","text 4":"\u001b[2J","text 5":"a\rb","text 6":"line\nline","text 7":"\u007f\u0080\u009b31m","text 8":"\u202ereversed","text 9":"zero\u200bwidth\ufeff","true":true,"zero":0,"\u20ac":"\u20ac"},"expects_after":{},"expires":"2026-01-05T08:00:30+00:00","host":"again","id":"20\ud800","kind":"update","run":"run2","shell":["lync",null,"s",""]}',-3301986439072071275,1);
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
INSERT INTO "lease" VALUES(1,4,'{"host":"ops1 \u20ac","operation":"apply","pid":4711,"run":"run2","started":"2026-01-05T08:00:00+00:00","user":"kim"}','5f1a9c1e %E2%82%AC',NULL,1767600150.0);
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
INSERT INTO "meta" VALUES(1,'Gr%C3%B6%C3%9Fe',1,'9252f38063a8c8c4d212b6f3d4',8,4,'718a2539bb964d5f','84dc596894de7d52de524aa1c0b1a310cc2b2280c91d8e16a96fd66812cea1fa',7514574934833701975);
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
INSERT INTO "obligations" VALUES(1,'front-end-restart','fe1.contoso.com/%ED%A0%80','["FE1.contoso.com/\ud800",""]',-5271238518786441531);
INSERT INTO "obligations" VALUES(1,'front-end-restart','fe1.contoso.com/rtcsrv','["FE1.contoso.com/RTCSRV","2026-01-05T09:00:00Z"]',-8668850994385818612);
INSERT INTO "obligations" VALUES(1,'lower-outcalls','fe1.contoso.com/%E2%82%AC','["FE1.contoso.com/\u20ac","2026-01-05T08:00:00Z"]',6073130845537884759);
INSERT INTO "obligations" VALUES(1,'lower-outcalls','fe1.contoso.com/%ED%A0%80','["FE1.contoso.com/\ud800",""]',8491465982349514728);
INSERT INTO "obligations" VALUES(1,'lower-outcalls','fe1.contoso.com/rtcsrv','["FE1.contoso.com/RTCSRV",null]',-8858509903467550239);
INSERT INTO "obligations" VALUES(1,'service-runs','fe1.contoso.com/%E2%82%AC','["FE1.contoso.com/\u20ac","2026-01-05T08:00:00Z"]',5086196561911289370);
INSERT INTO "obligations" VALUES(1,'service-runs','fe1.contoso.com/%ED%A0%80','["FE1.contoso.com/\ud800",""]',-9006773160980136481);
INSERT INTO "obligations" VALUES(1,'service-runs','fe1.contoso.com/rtcsrv','["FE1.contoso.com/RTCSRV",null]',-902827398610001598);
INSERT INTO "obligations" VALUES(1,'um-service-restart','fe1.contoso.com/%E2%82%AC','["FE1.contoso.com/\u20ac","2026-01-05T08:00:00Z"]',3342846230517424396);
INSERT INTO "obligations" VALUES(1,'um-service-restart','fe1.contoso.com/%ED%A0%80','["FE1.contoso.com/\ud800",""]',-7780131762631102002);
INSERT INTO "obligations" VALUES(1,'um-service-restart','fe1.contoso.com/rtcsrv','["FE1.contoso.com/RTCSRV",null]',4257179963364674918);
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
INSERT INTO "outcomes" VALUES(1,7,0,'["0","done",""]');
INSERT INTO "outcomes" VALUES(1,7,1,'["1%","done","%"]');
INSERT INTO "outcomes" VALUES(1,7,2,'["2a/b","done","a/b"]');
INSERT INTO "outcomes" VALUES(1,7,3,'["3\u001b]0;owned\u0007","not-run","\u001b]0;owned\u0007"]');
INSERT INTO "outcomes" VALUES(1,7,4,'["4\u001b[2J","not-run","\u001b[2J"]');
INSERT INTO "outcomes" VALUES(1,7,5,'["5a\rb","not-run","a\rb"]');
INSERT INTO "outcomes" VALUES(1,7,6,'["6line\nline","failed","line\nline"]');
INSERT INTO "outcomes" VALUES(1,7,7,'["7\u007f\u0080\u009b31m","failed","\u007f\u0080\u009b31m"]');
INSERT INTO "outcomes" VALUES(1,7,8,'["8\u202ereversed","failed","\u202ereversed"]');
INSERT INTO "outcomes" VALUES(1,7,9,'["9zero\u200bwidth\ufeff","unknown","zero\u200bwidth\ufeff"]');
INSERT INTO "outcomes" VALUES(1,7,10,'["10\u2028\u2029","unknown","\u2028\u2029"]');
INSERT INTO "outcomes" VALUES(1,7,11,'["11::set-output name=x::y","unknown","::set-output name=x::y"]');
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
INSERT INTO "resources" VALUES(1,'dial_plan/0','{"attributes":{"empty":[],"false":false,"long":-1180591620717411303424,"nested":["a",["b",[null,true,1]]],"none":null,"text 0":"","text 1":"%","text 10":"\u2028\u2029","text 11":"::set-output name=x::y","text 12":"##vso[task.setvariable variable=x]y","text 13":"''; Remove-Mailbox *; ''","text 14":"\u2019quoted\u2018","text 15":"$(Get-Process)`n","text 16":"%41%00","text 17":"\"\\","text 18":"\u3164\u2800\udb40\udc41","text 19":"\u00fcn\u00efc\u00f8d\u00e9 \u65e5\u672c\u8a9e","text 2":"a/b","text 20":"\ud800","text 3":"\u001b]0;owned\u0007","text 4":"\u001b[2J","text 5":"a\rb","text 6":"line\nline","text 7":"\u007f\u0080\u009b31m","text 8":"\u202ereversed","text 9":"zero\u200bwidth\ufeff","true":true,"zero":0,"\u20ac":"\u20ac"},"name":""}',-2785600609412756641);
INSERT INTO "resources" VALUES(1,'dial_plan/1%25','{"attributes":{"one":"%"},"guid":"%","needs":["um%2Fmailbox/%25"]}',-3148276809534932794);
INSERT INTO "resources" VALUES(1,'dial_plan/10%E2%80%A8%E2%80%A9','{"attributes":{"one":"\u2028\u2029"},"guid":"\u2028\u2029","name":"\u2028\u2029","needs":["um%2Fmailbox/%E2%80%A8%E2%80%A9"]}',5460641213249892166);
INSERT INTO "resources" VALUES(1,'dial_plan/11::set-output name=x::y','{"attributes":{"one":"::set-output name=x::y"},"guid":"::set-output name=x::y","needs":["um%2Fmailbox/::set-output name=x::y","site/Seattle"]}',9128948343026870191);
INSERT INTO "resources" VALUES(1,'dial_plan/12##vso[task.setvariable variable=x]y','{"attributes":{"one":"##vso[task.setvariable variable=x]y"},"name":"##vso[task.setvariable variable=x]y"}',-752718950129095911);
INSERT INTO "resources" VALUES(1,'dial_plan/13''; Remove-Mailbox *; ''','{"attributes":{"one":"''; Remove-Mailbox *; ''"},"guid":"''; Remove-Mailbox *; ''","needs":["um%2Fmailbox/''; Remove-Mailbox *; ''"]}',-4900293478504089615);
INSERT INTO "resources" VALUES(1,'dial_plan/14%E2%80%99quoted%E2%80%98','{"attributes":{"one":"\u2019quoted\u2018"},"guid":"\u2019quoted\u2018","name":"\u2019quoted\u2018","needs":["um%2Fmailbox/%E2%80%99quoted%E2%80%98","site/Seattle"]}',-1914413760795508364);
INSERT INTO "resources" VALUES(1,'dial_plan/15$(Get-Process)`n','{"attributes":{"one":"$(Get-Process)`n"}}',-6833592953366600260);
INSERT INTO "resources" VALUES(1,'dial_plan/16%2541%2500','{"attributes":{"one":"%41%00"},"guid":"%41%00","name":"%41%00","needs":["um%2Fmailbox/%2541%2500"]}',4361010526580457154);
INSERT INTO "resources" VALUES(1,'dial_plan/17"\','{"attributes":{"one":"\"\\"},"guid":"\"\\","needs":["um%2Fmailbox/\"\\","site/Seattle"]}',3352863219598694352);
INSERT INTO "resources" VALUES(1,'dial_plan/18%E3%85%A4%E2%A0%80%F3%A0%81%81','{"attributes":{"one":"\u3164\u2800\udb40\udc41"},"name":"\u3164\u2800\udb40\udc41"}',6398106971344972504);
INSERT INTO "resources" VALUES(1,'dial_plan/19%C3%BCn%C3%AFc%C3%B8d%C3%A9 %E6%97%A5%E6%9C%AC%E8%AA%9E','{"attributes":{"one":"\u00fcn\u00efc\u00f8d\u00e9 \u65e5\u672c\u8a9e"},"guid":"\u00fcn\u00efc\u00f8d\u00e9 \u65e5\u672c\u8a9e","needs":["um%2Fmailbox/%C3%BCn%C3%AFc%C3%B8d%C3%A9 %E6%97%A5%E6%9C%AC%E8%AA%9E"]}',2050898645346605329);
INSERT INTO "resources" VALUES(1,'dial_plan/20%ED%A0%80','{"attributes":{"one":"\ud800"},"guid":"\ud800","name":"\ud800","needs":["um%2Fmailbox/%ED%A0%80","site/Seattle"]}',-1628145822575856904);
INSERT INTO "resources" VALUES(1,'dial_plan/2a/b','{"attributes":{"one":"a/b"},"guid":"a/b","name":"a/b","needs":["um%2Fmailbox/a/b","site/Seattle"]}',8267549587454709754);
INSERT INTO "resources" VALUES(1,'dial_plan/5a%0Db','{"attributes":{"one":"a\rb"},"guid":"a\rb","needs":["um%2Fmailbox/a%0Db","site/Seattle"]}',6778897386908887305);
INSERT INTO "resources" VALUES(1,'dial_plan/6line%0Aline','{"attributes":{"one":"line\nline"},"name":"line\nline"}',-5735332782803623668);
INSERT INTO "resources" VALUES(1,'dial_plan/7%7F%C2%80%C2%9B31m','{"attributes":{"one":"\u007f\u0080\u009b31m"},"guid":"\u007f\u0080\u009b31m","needs":["um%2Fmailbox/%7F%C2%80%C2%9B31m"]}',-2945016084122699004);
INSERT INTO "resources" VALUES(1,'dial_plan/8%E2%80%AEreversed','{"attributes":{"one":"\u202ereversed"},"guid":"\u202ereversed","name":"\u202ereversed","needs":["um%2Fmailbox/%E2%80%AEreversed","site/Seattle"]}',-3508088177114851572);
INSERT INTO "resources" VALUES(1,'dial_plan/9zero%E2%80%8Bwidth%EF%BB%BF','{"attributes":{"one":"zero\u200bwidth\ufeff"}}',-3748121985451038552);
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
INSERT INTO "runs" VALUES(1,'killed',3,'{"blocked":0,"commit":null,"done":0,"ended":null,"exit_code":null,"failed":0,"host":"ops1","id":"killed","plan_digest":null,"started":"2026-01-05T08:00:00+00:00","user":"kim"}',-6835856241725090988);
INSERT INTO "runs" VALUES(1,'run1',1,'{"allowed_older":true,"blocked":3,"commit":"4f2c91d0c3a5","done":1,"ended":"2026-01-05T07:00:09+00:00","exit_code":3,"failed":2,"host":"ops1","id":"run1","plan_digest":"dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd","started":"2026-01-05T07:00:00+00:00","user":"kim"}',307604153030743711);
INSERT INTO "runs" VALUES(1,'run2',5,'{"blocked":0,"commit":"4f2c91d0c3a5","done":0,"ended":null,"exit_code":null,"failed":0,"host":"ops1","id":"run2","plan_digest":null,"started":"2026-01-05T08:00:00+00:00","uncommitted":true,"user":"kim \u20ac"}',-2668403906000305384);
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
INSERT INTO "used_plans" VALUES(1,'n0nce %25 %E2%82%AC',6);
CREATE INDEX intents_by_id ON intents (environment, id);
CREATE INDEX runs_by_serial ON runs (environment, serial);
CREATE INDEX intents_open ON intents (environment, serial, position) WHERE is_open = 1;
COMMIT;
