-- How long are the longest sessions of each game (95th percentile)?
select dimensions->>'game_type' as game,
       approx_percentile_cont(0.95) within group (order by cast(metric_value as double)) as p95
from analytics_data_points
where platform = 'thrillring' and metric_name = 'gaming_session'
group by 1
order by 1
