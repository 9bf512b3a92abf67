import { arrow } from '../../examples/quickstart/src/arrow.ts';

/** Arrow as LanceDB's client loads it, since the tables it gives are read here: see the quickstart's module. */
export { arrow };

export type Data = InstanceType<typeof arrow.Data>;
export type DataType = InstanceType<typeof arrow.DataType>;

export const nameOf = (type: DataType): string => arrow.Type[type.typeId];
