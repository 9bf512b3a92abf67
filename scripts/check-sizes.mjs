// No package grows beyond what one can know: lines of its source files, the pages of a dashboard apart.
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';

const MOST_LINES = 7000;

const linesOf = (file) => readFileSync(file, 'utf8').split('\n').length - 1;

const tooLarge = globSync('packages/*/{src,client}').flatMap((folder) => {
  const files = globSync(`${folder}/**/*.{ts,tsx,css,html}`);
  const lines = files.reduce((sum, file) => sum + linesOf(file), 0);
  return lines > MOST_LINES ? [`${folder} has ${lines} lines`] : [];
});
for (const words of tooLarge)
  console.error(
    `${words}, and a package has at most ${MOST_LINES}: move what belongs to a layer below it, or split it (${path.basename(import.meta.filename)})`,
  );
process.exit(tooLarge.length === 0 ? 0 : 1);
