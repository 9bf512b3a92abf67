export { BOARD_PATH, createApp } from './app.ts';
export type { DashboardDeps } from './dashboard-deps.ts';
