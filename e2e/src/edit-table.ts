import { connect, type Table } from '@lancedb/lancedb';

/** Changes a LanceDB table behind the server's back, as another program would. */
export async function editTable(
  uri: string,
  name: string,
  edit: (table: Table) => Promise<unknown>,
): Promise<void> {
  const db = await connect(uri);
  const table = await db.openTable(name);
  await edit(table);
  table.close();
  db.close();
}
