export { BOARD_PATH, createApp, type DashboardDeps } from './app.ts';
