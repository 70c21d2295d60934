-- Sealed columns hold ppt1.… (or sealed bytes); the checks are for everything that goes past the plugin.
create table people (
  id uuid primary key,
  name text not null check (length(name) between 1 and 100),
  email text not null check (email like 'ppt1.%'),
  email_index text not null unique,
  phone text check (phone like 'ppt1.%'),
  password_hash text not null,
  role text not null default 'member' check (role in ('member', 'admin')),
  suspended boolean not null default false,
  must_reset boolean not null default false,
  created_at timestamptz not null default now()
);

-- a sign-up that waits for its mail; each has its own password, so that nobody confirms a stranger's
create table sign_ups (
  id uuid primary key,
  name text not null check (length(name) between 1 and 100),
  email text not null check (email like 'ppt1.%'),
  email_index text not null,
  password_hash text not null,
  created_at timestamptz not null default now()
);
create index on sign_ups (email_index);

create table frameworks (
  id uuid primary key,
  name text not null unique,
  summary text not null
);

-- who may see the documents of a framework
create table rights (
  person_id uuid not null references people on delete cascade,
  framework_id uuid not null references frameworks on delete cascade,
  primary key (person_id, framework_id)
);

create table documents (
  id uuid primary key,
  framework_id uuid not null references frameworks,
  owner_id uuid not null references people,
  title text not null check (length(title) between 1 and 200),
  body text not null check (length(body) <= 20000),
  status text not null default 'draft' check (status in ('draft', 'review', 'approved')),
  contact text check (contact like 'ppt1.%'),
  contact_index text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index on documents (framework_id);
create index on documents (owner_id);
create index on documents (contact_index);

create table comments (
  id uuid primary key,
  document_id uuid not null references documents on delete cascade,
  author_id uuid not null references people,
  body text not null check (length(body) between 1 and 4000),
  created_at timestamptz not null default now()
);
create index on comments (document_id, created_at);

-- sealed bytes: outside of every web root, and of no use in a dump
create table attachments (
  id uuid primary key,
  document_id uuid not null references documents on delete cascade,
  name text not null check (length(name) between 1 and 120),
  type text not null,
  size integer not null,
  content bytea not null,
  created_at timestamptz not null default now()
);
create index on attachments (document_id);

-- who saw what; the application only ever adds to it
create table access_log (
  id bigint generated always as identity primary key,
  request_id text not null,
  at timestamptz not null,
  person_id uuid,
  action text not null,
  type text not null,
  resource text,
  outcome text not null,
  status integer not null,
  route text not null,
  address text,
  user_agent text,
  reason text
);
create index on access_log (person_id, id);
create function access_log_is_append_only() returns trigger language plpgsql as $$ begin raise exception 'access_log is append-only'; end $$;
create trigger append_only before update or delete or truncate on access_log execute function access_log_is_append_only();
