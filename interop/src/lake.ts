/** Tables of a folder of LanceDB's, and where each one is in the lake. */
export interface Lake {
  readonly title: string;
  /** Folder of the embedded LanceDB tables. */
  readonly uri: string;
  /** Folder of a Delta table. */
  folderOf(table: string): string;
}
