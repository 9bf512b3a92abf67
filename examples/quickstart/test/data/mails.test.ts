import { expect, test } from 'vitest';
import { parseMail, readMails } from '../../src/data/mails.ts';

const message = [
  'From list-admin@example.org  Thu Aug 22 13:27:39 2002',
  'Received: from a.example (a.example [192.0.2.1]) by b.example',
  '\twith SMTP; Thu, 22 Aug 2002 08:27:38 -0400 (EDT)',
  'Received: somehow',
  'From: "A. Writer" <writer@example.org>',
  'To: first@example.org, Second <second@example.org>',
  'Date: Thu, 22 Aug 2002 06:18:18 -0600',
  'Content-Type: Text/Plain; charset=us-ascii',
  'Subject: one',
  ' two',
  '',
  'Date: not a header',
].join('\n');

test('a mail keeps its bytes, and its folded headers are read', () => {
  const raw = Buffer.from(message, 'latin1');
  expect(parseMail('spam-1', '00002', raw)).toEqual({
    mail_id: 'spam-1/00002',
    folder: 'spam-1',
    is_spam: true,
    sender: { name: 'A. Writer', address: 'writer@example.org' },
    recipients: ['first@example.org', 'second@example.org'],
    subject: 'one two',
    sent_at: new Date('2002-08-22T12:18:18Z'),
    delivered_at: new Date('2002-08-22T13:27:39Z'),
    received: [
      { by: 'b.example', at: new Date('2002-08-22T12:27:38Z') },
      { by: null, at: null },
    ],
    content_type: 'text/plain',
    raw,
  });
});

test('a header that is missing, or a date without a zone, is null', () => {
  const raw = Buffer.from('From: someone@example.org (Some One)\nDate: Thu, 22 Aug 2002 06:18:18\n\nbody');
  expect(parseMail('easy-ham-1', '1', raw)).toMatchObject({
    sender: { name: 'Some One', address: 'someone@example.org' },
    recipients: [],
    subject: null,
    sent_at: null,
    delivered_at: null,
    received: [],
    content_type: null,
  });
});

test('the corpus has 6,046 mails, 1,896 of them spam', () => {
  const kinds = Array.from(readMails(), (mail) => mail.is_spam);
  expect(kinds).toHaveLength(6_046);
  expect(kinds.filter(Boolean)).toHaveLength(1_896);
});
