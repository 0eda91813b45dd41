BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0002');
CREATE TABLE alias_moves (
	id INTEGER NOT NULL, 
	prompt_id INTEGER NOT NULL, 
	alias VARCHAR NOT NULL, 
	from_version INTEGER, 
	to_version INTEGER, 
	author VARCHAR, 
	reason VARCHAR, 
	moved_at DATETIME NOT NULL, 
	CONSTRAINT pk_alias_moves PRIMARY KEY (id), 
	CONSTRAINT fk_alias_moves_prompt_id FOREIGN KEY(prompt_id) REFERENCES prompts (id)
);
INSERT INTO "alias_moves" VALUES(1,1,'production',NULL,1,'ada','first release','2026-10-06 12:00:00.000000');
INSERT INTO "alias_moves" VALUES(2,1,'production',1,2,'bob','won the test','2026-10-07 12:00:00.000000');
INSERT INTO "alias_moves" VALUES(3,1,'staging',NULL,2,NULL,NULL,'2026-10-08 12:00:00.000000');
INSERT INTO "alias_moves" VALUES(4,1,'staging',2,NULL,NULL,NULL,'2026-10-09 12:00:00.000000');
CREATE TABLE api_keys (
	id VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	prefix VARCHAR NOT NULL, 
	key_hash VARCHAR NOT NULL, 
	scopes JSON NOT NULL, 
	project VARCHAR, 
	created_at DATETIME NOT NULL, 
	expires_at DATETIME, 
	revoked_at DATETIME, 
	CONSTRAINT pk_api_keys PRIMARY KEY (id), 
	CONSTRAINT uq_api_keys_key_hash UNIQUE (key_hash)
);
CREATE TABLE audit (
	id INTEGER NOT NULL, 
	at DATETIME NOT NULL, 
	actor VARCHAR NOT NULL, 
	address VARCHAR, 
	action VARCHAR NOT NULL, 
	project VARCHAR, 
	object VARCHAR NOT NULL, 
	detail JSON NOT NULL, result VARCHAR DEFAULT 'ok' NOT NULL, 
	CONSTRAINT pk_audit PRIMARY KEY (id)
);
INSERT INTO "audit" VALUES(1,'2026-10-02 12:00:00.000000','local',NULL,'project.create','shop','shop','{}','ok');
INSERT INTO "audit" VALUES(2,'2026-10-02 12:00:00.000000','local',NULL,'prompt.register','shop','qa','{"version": 1, "author": "ada"}','ok');
INSERT INTO "audit" VALUES(3,'2026-10-03 12:00:00.000000','local',NULL,'prompt.register','shop','qa','{"version": 2, "author": null}','ok');
INSERT INTO "audit" VALUES(4,'2026-10-04 12:00:00.000000','local',NULL,'prompt.register','shop','support/chat','{"version": 1, "author": "bob"}','ok');
INSERT INTO "audit" VALUES(5,'2026-10-05 12:00:00.000000','local',NULL,'prompt.register','shop','odd','{"version": 1, "author": null}','ok');
INSERT INTO "audit" VALUES(6,'2026-10-06 12:00:00.000000','key-1','10.0.0.1','prompt.alias.set','shop','qa','{"alias": "production", "from": null, "to": 1, "reason": "first release", "author": "ada"}','ok');
INSERT INTO "audit" VALUES(7,'2026-10-07 12:00:00.000000','local',NULL,'prompt.alias.set','shop','qa','{"alias": "production", "from": 1, "to": 2, "reason": "won the test", "author": "bob"}','ok');
INSERT INTO "audit" VALUES(8,'2026-10-08 12:00:00.000000','local',NULL,'prompt.alias.set','shop','qa','{"alias": "staging", "from": null, "to": 2, "reason": null, "author": null}','ok');
INSERT INTO "audit" VALUES(9,'2026-10-09 12:00:00.000000','local',NULL,'prompt.alias.delete','shop','qa','{"alias": "staging", "from": 2, "to": null, "reason": null, "author": null}','ok');
INSERT INTO "audit" VALUES(10,'2026-10-10 12:00:00.000000','local',NULL,'experiment.create','shop','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','{"name": "qa-v2"}','ok');
CREATE TABLE comparisons (
	seq INTEGER NOT NULL, 
	id VARCHAR NOT NULL, 
	experiment_id VARCHAR NOT NULL, 
	baseline_id VARCHAR NOT NULL, 
	rows JSON NOT NULL, 
	verdict VARCHAR, 
	content_hash VARCHAR NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_comparisons PRIMARY KEY (seq), 
	CONSTRAINT fk_comparisons_baseline_id FOREIGN KEY(baseline_id) REFERENCES experiments (id), 
	CONSTRAINT fk_comparisons_experiment_id FOREIGN KEY(experiment_id) REFERENCES experiments (id), 
	CONSTRAINT uq_comparisons_id UNIQUE (id)
);
CREATE TABLE dataset_items (
	dataset_version_id INTEGER NOT NULL, 
	position INTEGER NOT NULL, 
	item_id VARCHAR NOT NULL, 
	input JSON NOT NULL, 
	expected JSON NOT NULL, 
	metadata JSON NOT NULL, 
	CONSTRAINT pk_dataset_items PRIMARY KEY (dataset_version_id, position), 
	CONSTRAINT fk_dataset_items_dataset_version_id FOREIGN KEY(dataset_version_id) REFERENCES dataset_versions (id), 
	CONSTRAINT uq_dataset_items_dataset_version_id_item_id UNIQUE (dataset_version_id, item_id)
);
CREATE TABLE dataset_versions (
	id INTEGER NOT NULL, 
	dataset_id INTEGER NOT NULL, 
	version INTEGER NOT NULL, 
	content_hash VARCHAR NOT NULL, 
	item_count INTEGER NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_dataset_versions PRIMARY KEY (id), 
	CONSTRAINT fk_dataset_versions_dataset_id FOREIGN KEY(dataset_id) REFERENCES datasets (id), 
	CONSTRAINT uq_dataset_versions_dataset_id_content_hash UNIQUE (dataset_id, content_hash), 
	CONSTRAINT uq_dataset_versions_dataset_id_version UNIQUE (dataset_id, version)
);
CREATE TABLE datasets (
	id INTEGER NOT NULL, 
	project VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	description VARCHAR, 
	latest_version INTEGER NOT NULL, 
	created_at DATETIME NOT NULL, 
	updated_at DATETIME NOT NULL, 
	CONSTRAINT pk_datasets PRIMARY KEY (id), 
	CONSTRAINT fk_datasets_project FOREIGN KEY(project) REFERENCES projects (name), 
	CONSTRAINT uq_datasets_project_name UNIQUE (project, name)
);
CREATE TABLE experiments (
	seq INTEGER NOT NULL, 
	id VARCHAR NOT NULL, 
	project VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	status VARCHAR NOT NULL, 
	dataset_name VARCHAR, 
	dataset_version INTEGER, 
	dataset_hash VARCHAR, 
	item_count INTEGER, 
	scorers JSON NOT NULL, 
	config JSON NOT NULL, 
	tags JSON NOT NULL, 
	repeats INTEGER NOT NULL, 
	seed BIGINT, 
	baseline_id VARCHAR, 
	summary JSON, 
	error VARCHAR, 
	created_at DATETIME NOT NULL, 
	updated_at DATETIME NOT NULL, 
	finished_at DATETIME, 
	CONSTRAINT pk_experiments PRIMARY KEY (seq), 
	CONSTRAINT fk_experiments_baseline_id FOREIGN KEY(baseline_id) REFERENCES experiments (id), 
	CONSTRAINT fk_experiments_project FOREIGN KEY(project) REFERENCES projects (name), 
	CONSTRAINT uq_experiments_id UNIQUE (id)
);
INSERT INTO "experiments" VALUES(1,'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','shop','qa-v2','running',NULL,NULL,NULL,NULL,'[]','{"used": {"prompts": [{"name": "qa", "version": 2}]}}','{}',1,NULL,NULL,NULL,NULL,'2026-10-10 12:00:00.000000','2026-10-10 12:00:00.000000',NULL);
CREATE TABLE projects (
	name VARCHAR NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_projects PRIMARY KEY (name)
);
INSERT INTO "projects" VALUES('shop','2026-10-02 12:00:00.000000');
CREATE TABLE prompt_aliases (
	prompt_id INTEGER NOT NULL, 
	alias VARCHAR NOT NULL, 
	version INTEGER NOT NULL, 
	updated_at DATETIME NOT NULL, 
	CONSTRAINT pk_prompt_aliases PRIMARY KEY (prompt_id, alias), 
	CONSTRAINT fk_prompt_aliases_prompt_id_version FOREIGN KEY(prompt_id, version) REFERENCES prompt_versions (prompt_id, version)
);
INSERT INTO "prompt_aliases" VALUES(1,'production',2,'2026-10-07 12:00:00.000000');
CREATE TABLE prompt_versions (
	id INTEGER NOT NULL, 
	prompt_id INTEGER NOT NULL, 
	version INTEGER NOT NULL, 
	type VARCHAR NOT NULL, 
	template JSON NOT NULL, 
	config JSON NOT NULL, 
	tags JSON NOT NULL, 
	commit_message VARCHAR NOT NULL, 
	author VARCHAR, 
	created_at DATETIME NOT NULL, 
	content_hash VARCHAR NOT NULL, 
	parent_version INTEGER, 
	CONSTRAINT pk_prompt_versions PRIMARY KEY (id), 
	CONSTRAINT fk_prompt_versions_prompt_id FOREIGN KEY(prompt_id) REFERENCES prompts (id), 
	CONSTRAINT uq_prompt_versions_prompt_id_content_hash UNIQUE (prompt_id, content_hash), 
	CONSTRAINT uq_prompt_versions_prompt_id_version UNIQUE (prompt_id, version)
);
INSERT INTO "prompt_versions" VALUES(1,1,1,'text','"Answer: {{question}}"','{"model": "openai/gpt-4o-mini", "temperature": 0}','{}','first','ada','2026-10-02 12:00:00.000000','667e33e0419737d5e6817ea066b242389c0ee581eb29a6478557cf32a3f1da78',NULL);
INSERT INTO "prompt_versions" VALUES(2,1,2,'text','"Answer briefly: {{question}}\nUse \"{\" as it is, {{\"{{\"}}"','{"temperature": 0.5, "nested": {"b": [1, null, true], "a": "\u00e9\u2028"}}','{"team": "docs"}','shorter',NULL,'2026-10-03 12:00:00.000000','ec67d9aa30045b72108ab9d22464d0dc4e78fa163852ef83fe4fd2c02a50c1bf',1);
INSERT INTO "prompt_versions" VALUES(3,2,1,'chat','[{"role": "system", "content": "Be kind to {{name}}."}, {"role": "user", "content": "{{question}}"}]','{}','{}','a chat','bob','2026-10-04 12:00:00.000000','1de104e1c74e059478a80ae2a492449666c2bc510809658fa69debeeb922cba4',NULL);
INSERT INTO "prompt_versions" VALUES(4,3,1,'chat','[{"role": "placeholder", "content": "history"}, {"role": "user", "content": "{% if x %} {# no #}"}]','{}','{}','what later versions may read in another way',NULL,'2026-10-05 12:00:00.000000','e42a919d4ebc642b16f57ad985a9fd87806918f16a396fb9c13513abc36c84c6',NULL);
CREATE TABLE prompts (
	id INTEGER NOT NULL, 
	project VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	latest_version INTEGER NOT NULL, 
	created_at DATETIME NOT NULL, 
	updated_at DATETIME NOT NULL, 
	CONSTRAINT pk_prompts PRIMARY KEY (id), 
	CONSTRAINT fk_prompts_project FOREIGN KEY(project) REFERENCES projects (name), 
	CONSTRAINT uq_prompts_project_name UNIQUE (project, name)
);
INSERT INTO "prompts" VALUES(1,'shop','qa',2,'2026-10-02 12:00:00.000000','2026-10-03 12:00:00.000000');
INSERT INTO "prompts" VALUES(2,'shop','support/chat',1,'2026-10-04 12:00:00.000000','2026-10-04 12:00:00.000000');
INSERT INTO "prompts" VALUES(3,'shop','odd',1,'2026-10-05 12:00:00.000000','2026-10-05 12:00:00.000000');
CREATE INDEX ix_experiments_project_name ON experiments (project, name);
CREATE INDEX ix_alias_moves_prompt_id_alias_id ON alias_moves (prompt_id, alias, id);
CREATE INDEX ix_comparisons_experiment_id ON comparisons (experiment_id);
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END;
COMMIT;
