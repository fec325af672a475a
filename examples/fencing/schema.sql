-- The table that is protected, and beside it the greatest token that wrote to it.
CREATE TABLE entries (text TEXT NOT NULL, token BIGINT NOT NULL);
CREATE TABLE fence (token BIGINT NOT NULL);
INSERT INTO fence VALUES (0);
