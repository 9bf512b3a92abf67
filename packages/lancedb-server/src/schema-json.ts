import { ByteBuffer } from 'flatbuffers';
import { Footer, fb } from './arrow.ts';
import { takeApart } from './ipc/take-apart.ts';

/** A schema as Lance writes it in JSON, and the Cloud in `describe`. */
export interface SchemaJson {
  fields: FieldJson[];
  metadata?: Record<string, string>;
}

interface FieldJson {
  name: string;
  nullable: boolean;
  type: TypeJson;
  metadata?: Record<string, string>;
}

/** `fields` holds a list's element or a struct's members; `length` the size of a fixed-size type. */
interface TypeJson {
  type: string;
  fields?: FieldJson[];
  length?: number;
}

/**
 * The schema of an Arrow IPC file in Lance's words. Reads the file's flatbuffer itself: Arrow's JavaScript objects
 * know no large lists, which Lance has.
 */
export function schemaToJson(ipcFile: Buffer): SchemaJson {
  const schema = Footer.getRootAsFooter(new ByteBuffer(takeApart(ipcFile).footer)).schema();
  if (!schema) throw new TypeError('the Arrow file has no schema');
  return {
    fields: range(schema.fieldsLength()).map((index) => fieldToJson(present(schema.fields(index)))),
    ...metadataOf(schema),
  };
}

function fieldToJson(field: fb.Field): FieldJson {
  return {
    name: field.name() ?? '',
    nullable: field.nullable(),
    type: typeToJson(field),
    ...metadataOf(field),
  };
}

interface HasMetadata {
  customMetadataLength(): number;
  customMetadata(index: number): { key(): string | null; value(): string | null } | null;
}

function metadataOf(holder: HasMetadata): { metadata?: Record<string, string> } {
  const entries = range(holder.customMetadataLength()).map((index) => present(holder.customMetadata(index)));
  if (entries.length === 0) return {};
  return { metadata: Object.fromEntries(entries.map((entry) => [entry.key() ?? '', entry.value() ?? ''])) };
}

/** The types with members or a length; all others are a name alone. */
function typeToJson(field: fb.Field): TypeJson {
  const dictionary = field.dictionary();
  if (dictionary) {
    const index = dictionary.indexType();
    const indexName = index ? intName(index) : 'int32';
    return { type: `dict:${typeName(field)}:${indexName}:${dictionary.isOrdered()}` };
  }
  const fields = (): FieldJson[] =>
    range(field.childrenLength()).map((index) => fieldToJson(present(field.children(index))));
  switch (fb.Type[field.typeType()]) {
    case 'FixedSizeBinary':
      return { type: 'fixed_size_binary', length: read(field, new fb.FixedSizeBinary()).byteWidth() };
    case 'FixedSizeList':
      return {
        type: 'fixed_size_list',
        fields: fields(),
        length: read(field, new fb.FixedSizeList()).listSize(),
      };
    case 'List':
      return { type: 'list', fields: fields() };
    case 'LargeList':
      return { type: 'large_list', fields: fields() };
    case 'Struct_':
      return { type: 'struct', fields: fields() };
    case 'Map':
      return { type: 'map', fields: fields() };
    default:
      return { type: typeName(field) };
  }
}

const TIME_UNITS: Record<fb.TimeUnit, string> = {
  [fb.TimeUnit.SECOND]: 's',
  [fb.TimeUnit.MILLISECOND]: 'ms',
  [fb.TimeUnit.MICROSECOND]: 'us',
  [fb.TimeUnit.NANOSECOND]: 'ns',
};

const FLOATS: Record<fb.Precision, string> = {
  [fb.Precision.HALF]: 'halffloat',
  [fb.Precision.SINGLE]: 'float',
  [fb.Precision.DOUBLE]: 'double',
};

const PLAIN_NAMES: Partial<Record<fb.Type, string>> = {
  [fb.Type.Null]: 'null',
  [fb.Type.Bool]: 'bool',
  [fb.Type.Utf8]: 'string',
  [fb.Type.LargeUtf8]: 'large_string',
  [fb.Type.Binary]: 'binary',
  [fb.Type.LargeBinary]: 'large_binary',
};

function typeName(field: fb.Field): string {
  switch (fb.Type[field.typeType()]) {
    case 'Int':
      return intName(read(field, new fb.Int()));
    case 'FloatingPoint':
      return FLOATS[read(field, new fb.FloatingPoint()).precision()];
    case 'Decimal': {
      const decimal = read(field, new fb.Decimal());
      return `decimal:${decimal.bitWidth()}:${decimal.precision()}:${decimal.scale()}`;
    }
    case 'Date':
      return read(field, new fb.Date()).unit() === fb.DateUnit.DAY ? 'date32:day' : 'date64:ms';
    case 'Time': {
      const time = read(field, new fb.Time());
      return `time${time.bitWidth()}:${TIME_UNITS[time.unit()]}`;
    }
    case 'Timestamp': {
      const timestamp = read(field, new fb.Timestamp());
      return `timestamp:${TIME_UNITS[timestamp.unit()]}:${timestamp.timezone() ?? '-'}`;
    }
    case 'Duration':
      return `duration:${TIME_UNITS[read(field, new fb.Duration()).unit()]}`;
    default:
      return PLAIN_NAMES[field.typeType()] ?? unknownType(field);
  }
}

function intName(int: fb.Int): string {
  return `${int.isSigned() ? 'int' : 'uint'}${int.bitWidth()}`;
}

function unknownType(field: fb.Field): never {
  throw new TypeError(
    `column ${field.name()} has an Arrow type Lance has no name for: ${fb.Type[field.typeType()]}`,
  );
}

/** Flatbuffers reads a union's member into an object of the member's type. */
function read<Member extends { bb: ByteBuffer | null }>(field: fb.Field, member: Member): Member {
  field.type(member);
  return member;
}

function range(length: number): number[] {
  return Array.from({ length }, (_, index) => index);
}

function present<T>(value: T | null): T {
  if (value === null) throw new TypeError('the Arrow schema is damaged: a part it counts is missing');
  return value;
}
