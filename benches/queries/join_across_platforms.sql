-- How do the shop's revenue and the directory's views move together, by day?
with shop as (
  select date_trunc('day', recorded_at) as day, sum(metric_value) as revenue
  from analytics_data_points
  where platform = 'coreldove' and metric_name = 'order_revenue'
  group by 1
), directory as (
  select date_trunc('day', recorded_at) as day, sum(metric_value) as views
  from analytics_data_points
  where platform = 'business_directory' and metric_name = 'listing_views'
  group by 1
)
select corr(cast(revenue as double), cast(views as double)) as r, count(*) as days
from shop join directory using (day)
